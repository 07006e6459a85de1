//! Bank accounts and the payment file, pain.001.001.09 of ISO 20022. Pure: the same rows give the same bytes.

use std::fmt::Write;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use sepa::{Transliteration, transliterate, validate_bic, validate_iban};

use crate::platform::csv::amount;
use crate::platform::error::{AppError, AppResult, FieldError};
use crate::platform::money::Money;

/// The longest name in a payment file.
const NAME: usize = 70;

/// Currencies of the list of ISO 4217 whose minor unit is not a hundredth. A payment file in one of them would be wrong by a factor.
const NOT_HUNDREDTHS: [&str; 31] = [
    "BHD", "BIF", "CLF", "CLP", "DJF", "GNF", "IQD", "ISK", "JOD", "JPY", "KMF", "KRW", "KWD",
    "LYD", "MRU", "OMR", "PYG", "RWF", "TND", "UGX", "UYI", "UYW", "VND", "VUV", "XAF", "XAG",
    "XAU", "XDR", "XOF", "XPF", "XXX",
];

/// Whether amounts of a currency have two decimals.
pub(super) fn has_hundredths(currency: &str) -> bool {
    !NOT_HUNDREDTHS.contains(&currency)
}

/// Where somebody's money goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BankAccount {
    /// Without spaces, its check digits verified.
    pub iban: String,
    /// The bank, if it was told.
    pub bic: Option<String>,
}

impl BankAccount {
    /// What somebody typed; spaces and lower case do no harm.
    ///
    /// # Errors
    /// Invalid at `iban` or at `bic`.
    pub fn parse(iban: &str, bic: &str) -> AppResult<Self> {
        let mut errors = Vec::new();
        let iban = validate_iban(iban)
            .map(|iban| iban.as_str().to_owned())
            .unwrap_or_else(|_| {
                errors.push(FieldError::new("iban", "field-iban-wrong"));
                String::new()
            });
        let bic =
            Some(bic.trim())
                .filter(|bic| !bic.is_empty())
                .and_then(|bic| match validate_bic(bic) {
                    Ok(bic) => Some(bic.as_str().to_owned()),
                    Err(_) => {
                        errors.push(FieldError::new("bic", "field-bic-wrong"));
                        None
                    }
                });
        if errors.is_empty() {
            Ok(Self { iban, bic })
        } else {
            Err(AppError::Invalid(errors))
        }
    }
}

/// An account number as lists and the audit show it: `DE89 … 3000`.
pub(super) fn masked(iban: &str) -> String {
    let tail = iban.len().saturating_sub(4);
    match (iban.get(..4), iban.get(tail..)) {
        (Some(head), Some(tail)) if iban.len() > 8 => format!("{head} … {tail}"),
        _ => "…".to_owned(),
    }
}

/// The head of a payment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileHead {
    /// The settled date.
    pub business_date: NaiveDate,
    /// Never used twice; at most 33 characters.
    pub message_id: String,
    /// When it was first made.
    pub made_at: DateTime<Utc>,
    /// When the bank shall pay.
    pub execute_on: NaiveDate,
    /// Three letters.
    pub currency: String,
    /// Who pays.
    pub debtor_name: String,
    /// From which account.
    pub debtor_iban: String,
    /// At which bank.
    pub debtor_bic: Option<String>,
}

/// A payment of a payment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileLine {
    /// The end-to-end reference: the payout's transfer.
    pub reference: String,
    /// Who is paid.
    pub name: String,
    /// To which account.
    pub iban: String,
    /// At which bank.
    pub bic: Option<String>,
    /// What; positive.
    pub amount: Money,
}

/// The file: one order of the bank with a payment for each line, in their order.
pub(super) fn payment_file(head: &FileHead, lines: &[FileLine]) -> Vec<u8> {
    let mut xml = Xml::default();
    let count = lines.len();
    let sum = amount(lines.iter().map(|line| line.amount).sum::<Money>().minor());
    let debtor = latin(&head.debtor_name);
    let euro = head.currency == "EUR";
    xml.text += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    xml.text += "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09\">\n";
    xml.open("CstmrCdtTrfInitn");
    xml.open("GrpHdr");
    xml.leaf("MsgId", &head.message_id);
    let made = head.made_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    xml.leaf("CreDtTm", &made);
    xml.leaf("NbOfTxs", &count.to_string());
    xml.leaf("CtrlSum", &sum);
    xml.inside("InitgPty", |xml| xml.leaf("Nm", &debtor));
    xml.close("GrpHdr");
    xml.open("PmtInf");
    xml.leaf("PmtInfId", &format!("{}-1", head.message_id));
    xml.leaf("PmtMtd", "TRF");
    xml.leaf("BtchBookg", "true");
    xml.leaf("NbOfTxs", &count.to_string());
    xml.leaf("CtrlSum", &sum);
    xml.inside("PmtTpInf", |xml| {
        if euro {
            xml.inside("SvcLvl", |xml| xml.leaf("Cd", "SEPA"));
        }
        xml.inside("CtgyPurp", |xml| xml.leaf("Cd", "SALA"));
    });
    xml.inside("ReqdExctnDt", |xml| {
        xml.leaf("Dt", &head.execute_on.to_string());
    });
    xml.inside("Dbtr", |xml| xml.leaf("Nm", &debtor));
    xml.account("DbtrAcct", &head.debtor_iban);
    xml.bank("DbtrAgt", head.debtor_bic.as_deref());
    xml.leaf("ChrgBr", if euro { "SLEV" } else { "SHAR" });
    let about = format!("Payout {}", head.business_date);
    for line in lines {
        xml.open("CdtTrfTxInf");
        xml.inside("PmtId", |xml| xml.leaf("EndToEndId", &line.reference));
        xml.open("Amt");
        let instructed = amount(line.amount.minor());
        xml.line(&format!(
            "<InstdAmt Ccy=\"{}\">{instructed}</InstdAmt>",
            escaped(&head.currency)
        ));
        xml.close("Amt");
        if let Some(bic) = &line.bic {
            xml.bank("CdtrAgt", Some(bic));
        }
        xml.inside("Cdtr", |xml| xml.leaf("Nm", &latin(&line.name)));
        xml.account("CdtrAcct", &line.iban);
        xml.inside("RmtInf", |xml| xml.leaf("Ustrd", &about));
        xml.close("CdtTrfTxInf");
    }
    xml.close("PmtInf");
    xml.close("CstmrCdtTrfInitn");
    xml.text += "</Document>\n";
    xml.text.into_bytes()
}

/// A name in the characters that banks take, at most 70 of them. Russian letters as Russians write them, everything else by the
/// table of the European Payments Council, which has Bulgarian in mind.
fn latin(name: &str) -> String {
    let mut russian = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            'ё' | 'э' => russian.push('e'),
            'Ё' | 'Э' => russian.push('E'),
            'ы' => russian.push('y'),
            'Ы' => russian.push('Y'),
            'щ' => russian += "shch",
            'Щ' => russian += "Shch",
            'ж' => russian += "zh",
            'Ж' => russian += "Zh",
            'х' => russian += "kh",
            'Х' => russian += "Kh",
            'ц' => russian += "ts",
            'Ц' => russian += "Ts",
            'ч' => russian += "ch",
            'Ч' => russian += "Ch",
            'ш' => russian += "sh",
            'Ш' => russian += "Sh",
            'ю' => russian += "yu",
            'Ю' => russian += "Yu",
            'я' => russian += "ya",
            'Я' => russian += "Ya",
            'ъ' | 'Ъ' | 'ь' | 'Ь' => {}
            other => russian.push(other),
        }
    }
    let text: String = transliterate(russian.trim(), Transliteration::German)
        .chars()
        .take(NAME)
        .collect();
    let text = text.trim();
    if text.is_empty() {
        "NOTPROVIDED".to_owned()
    } else {
        text.to_owned()
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// XML in the making, an element a line.
#[derive(Default)]
struct Xml {
    text: String,
    depth: usize,
}

impl Xml {
    fn line(&mut self, line: &str) {
        let indent = 2 * self.depth + 2;
        writeln!(self.text, "{:indent$}{line}", "").expect("a string takes every line");
    }

    fn open(&mut self, name: &str) {
        self.line(&format!("<{name}>"));
        self.depth += 1;
    }

    fn close(&mut self, name: &str) {
        self.depth -= 1;
        self.line(&format!("</{name}>"));
    }

    fn inside(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.open(name);
        content(self);
        self.close(name);
    }

    fn leaf(&mut self, name: &str, value: &str) {
        self.line(&format!("<{name}>{}</{name}>", escaped(value)));
    }

    fn account(&mut self, name: &str, iban: &str) {
        self.inside(name, |xml| xml.inside("Id", |xml| xml.leaf("IBAN", iban)));
    }

    fn bank(&mut self, name: &str, bic: Option<&str>) {
        self.inside(name, |xml| {
            xml.inside("FinInstnId", |xml| match bic {
                Some(bic) => xml.leaf("BICFI", bic),
                None => xml.inside("Othr", |xml| xml.leaf("Id", "NOTPROVIDED")),
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_in_the_letters_that_banks_take() {
        for (name, expected) in [
            ("Кеша Попугаев", "Kesha Popugaev"),
            ("Щукин Эдуард Ёжикович", "Shchukin Eduard Ezhikovich"),
            ("Андрей Цыганов-Мышь", "Andrey Tsyganov-Mysh"),
            ("Jürgen Größe & Söhne", "Juergen Groesse + Soehne"),
            ("  ", "NOTPROVIDED"),
            ("Kesha <b>", "Kesha (b)"),
        ] {
            assert_eq!(latin(name), expected);
        }
        assert_eq!(latin(&"я".repeat(200)).len(), 70);
        assert!(sepa::is_sepa_text(&latin("漢字 🦜 Kesha")));
    }

    #[test]
    fn an_account_number_is_taken_with_spaces_and_refused_with_a_wrong_digit() {
        let account =
            BankAccount::parse("de89 3704 0044 0532 0130 00", "cobadeffxxx").expect("a right one");
        assert_eq!(account.iban, "DE89370400440532013000");
        assert_eq!(account.bic.as_deref(), Some("COBADEFFXXX"));
        let fields = |iban, bic| match BankAccount::parse(iban, bic) {
            Err(AppError::Invalid(errors)) => errors.iter().map(|error| error.field).collect(),
            _ => Vec::new(),
        };
        assert_eq!(fields("DE89370400440532013001", ""), ["iban"]);
        assert_eq!(fields("DE89370400440532013000", "nonsense!"), ["bic"]);
        assert_eq!(fields("", "x"), ["iban", "bic"]);
    }

    #[test]
    fn a_masked_account_tells_its_country_and_its_end() {
        assert_eq!(masked("DE89370400440532013000"), "DE89 … 3000");
        assert_eq!(masked("DE89"), "…");
    }

    #[test]
    fn only_currencies_of_two_decimals_get_a_file() {
        assert!(has_hundredths("EUR") && has_hundredths("RUB") && has_hundredths("USD"));
        assert!(!has_hundredths("JPY") && !has_hundredths("KWD"));
    }
}
