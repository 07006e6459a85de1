//! The payment file, pain.001.001.09 of ISO 20022: the same rows give the same bytes.

use std::fmt::Write;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};

use super::names::latin;
use crate::platform::csv::amount;
use crate::platform::money::Money;

/// The head of a payment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::accounting) struct FileHead {
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
pub(in crate::accounting) struct FileLine {
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
pub(in crate::accounting) fn payment_file(head: &FileHead, lines: &[FileLine]) -> Vec<u8> {
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
