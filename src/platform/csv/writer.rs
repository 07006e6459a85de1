//! The CSV writer. Texts are always quoted and can never start a formula in a spreadsheet (A51).

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Anything a person typed, or any other words. Always quoted and guarded.
    Text(String),
    /// Money in minor units, written as in [`amount`].
    Amount(i64),
    /// A calendar day, `2026-03-01`.
    Date(NaiveDate),
    /// A moment in UTC to the second, `2026-03-01T21:00:00Z`.
    Instant(DateTime<Utc>),
    /// A count.
    Int(i64),
}

/// What stands between two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`, which spreadsheets expect where the comma is the decimal sign.
    Semicolon,
}

/// A CSV file in the making: UTF-8 with byte order mark, lines end with CR LF.
pub struct Csv {
    writer: ::csv::Writer<Vec<u8>>,
    delimiter: Delimiter,
    columns: usize,
}

impl Csv {
    /// Starts a file with commas and writes its header line.
    pub fn new(header: &[&str]) -> Self {
        Self::with_delimiter(Delimiter::Comma, header)
    }

    /// Starts a file with the given delimiter and writes its header line.
    pub fn with_delimiter(delimiter: Delimiter, header: &[&str]) -> Self {
        let mut csv = Self {
            writer: writer(delimiter, BYTE_ORDER_MARK.to_vec()),
            delimiter,
            columns: header.len(),
        };
        csv.write(header.iter().map(|title| quoted(title)));
        csv
    }

    /// Adds a line; it has as many cells as the header.
    pub fn row(&mut self, cells: &[Cell]) -> &mut Self {
        debug_assert_eq!(cells.len(), self.columns, "a row is as wide as its header");
        self.write(cells.iter().map(Cell::to_field));
        self
    }

    /// Takes out what was written so far, for a file that is sent in pieces.
    pub fn take(&mut self) -> Vec<u8> {
        let empty = Self {
            writer: writer(self.delimiter, Vec::new()),
            ..*self
        };
        std::mem::replace(self, empty).finish()
    }

    /// The finished file, or the rest of it.
    pub fn finish(self) -> Vec<u8> {
        self.writer
            .into_inner()
            .expect("writing to memory cannot fail")
    }

    fn write(&mut self, fields: impl Iterator<Item = String>) {
        self.writer
            .write_record(fields.map(String::into_bytes))
            .expect("writing to memory cannot fail");
    }
}

fn writer(delimiter: Delimiter, begun: Vec<u8>) -> ::csv::Writer<Vec<u8>> {
    ::csv::WriterBuilder::new()
        .delimiter(match delimiter {
            Delimiter::Comma => b',',
            Delimiter::Semicolon => b';',
        })
        // The library quotes whole files or by need; here texts are quoted and numbers are not, see `quoted`.
        .quote_style(::csv::QuoteStyle::Never)
        .flexible(true)
        .terminator(::csv::Terminator::CRLF)
        .from_writer(begun)
}

impl Cell {
    fn to_field(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Amount(minor) => amount(*minor),
            Self::Date(date) => date.format("%Y-%m-%d").to_string(),
            Self::Instant(at) => at.to_rfc3339_opts(SecondsFormat::Secs, true),
            Self::Int(count) => count.to_string(),
        }
    }
}

/// Minor units as a plain number with two decimals: `-1250` is `-12.50`.
pub fn amount(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let size = minor.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

/// The text in quotes, with `'` put before whatever a spreadsheet could take for the start of a formula.
fn quoted(text: &str) -> String {
    let mut field = String::with_capacity(text.len() + 3);
    field.push('"');
    if is_formula_start(text) {
        field.push('\'');
    }
    let mut after_delimiter = false;
    for c in text.chars() {
        // A spreadsheet that expects the other delimiter starts a cell in the middle of the text.
        if after_delimiter && is_trigger(c) {
            field.push('\'');
        }
        after_delimiter =
            matches!(c, ',' | ';' | '\t' | '\r' | '\n') || (after_delimiter && c == '"');
        if c == '"' {
            field.push('"');
        }
        field.push(c);
    }
    field.push('"');
    field
}

/// Whether the text begins with a trigger, or with something a spreadsheet may drop before it.
fn is_formula_start(text: &str) -> bool {
    let first_control = text.starts_with(['\t', '\r', '\n', '\0']);
    let droppable = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{FEFF}' | '"')
    };
    first_control || text.trim_start_matches(droppable).starts_with(is_trigger)
}

fn is_trigger(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(cells: &[Cell]) -> String {
        let mut csv = Csv::new(&vec!["c"; cells.len()]);
        csv.row(cells);
        let file = String::from_utf8(csv.finish()).expect("the writer writes UTF-8");
        let (_, line) = file.split_once("\r\n").expect("a header line");
        line.strip_suffix("\r\n").expect("CR LF at the end").into()
    }

    fn text(text: &str) -> String {
        line(&[Cell::Text(text.into())])
    }

    #[test]
    fn a_file_has_a_byte_order_mark_a_header_and_crlf() {
        let mut csv = Csv::with_delimiter(Delimiter::Semicolon, &["дата", "sum"]);
        let date = NaiveDate::from_ymd_opt(2026, 3, 1).expect("a day");
        csv.row(&[Cell::Date(date), Cell::Amount(5)]);
        let expected = "\u{FEFF}\"дата\";\"sum\"\r\n2026-03-01;0.05\r\n";
        assert_eq!(String::from_utf8(csv.finish()).as_deref(), Ok(expected));
    }

    #[test]
    fn numbers_days_and_moments_are_not_quoted() {
        let at = DateTime::from_timestamp(1_772_398_800, 999_000_000).expect("a moment");
        let cells = [Cell::Int(-3), Cell::Amount(-1250), Cell::Instant(at)];
        assert_eq!(line(&cells), "-3,-12.50,2026-03-01T21:00:00Z");
    }

    #[test]
    fn an_amount_is_written_from_integers_only() {
        for (minor, expected) in [
            (0, "0.00"),
            (5, "0.05"),
            (-5, "-0.05"),
            (1250, "12.50"),
            (-1250, "-12.50"),
            (i64::MAX, "92233720368547758.07"),
            (i64::MIN, "-92233720368547758.08"),
        ] {
            assert_eq!(amount(minor), expected);
        }
    }

    #[test]
    fn texts_are_always_quoted() {
        assert_eq!(text(""), r#""""#);
        assert_eq!(text("123"), r#""123""#);
        assert_eq!(text("say \"hi\", bird"), r#""say ""hi"", bird""#);
        assert_eq!(text("a\nb"), "\"a\nb\"");
        assert_eq!(text("a - b = c"), r#""a - b = c""#);
    }

    #[test]
    fn a51_no_text_starts_a_formula() {
        for start in [
            "=",
            "+",
            "-",
            "@",
            "\t",
            "\r",
            "\n",
            "\0",
            "＝",
            "＋",
            "－",
            "＠",
            "\t=",
            "\0=",
            " =",
            "\u{a0}=",
            "\u{FEFF}=",
            "\u{200B}@",
            "\"=",
            "\r\n+",
        ] {
            let written = text(&format!("{start}1+1"));
            assert!(written.starts_with("\"'"), "{start:?} became {written:?}");
        }
        assert_eq!(
            text(r#"=HYPERLINK("http://example.invalid","click")"#),
            r#""'=HYPERLINK(""http://example.invalid"",""click"")""#
        );
        assert_eq!(text("=cmd|' /C calc'!A0"), r#""'=cmd|' /C calc'!A0""#);
    }

    #[test]
    fn a51_a_delimiter_inside_a_text_starts_no_formula_either() {
        for delimiter in [",", ";", "\t", "\n", "\r\n", ";\"", ",\"\""] {
            for trigger in ["=", "+", "-", "@", "＝"] {
                let written = text(&format!("x{delimiter}{trigger}1+1"));
                assert!(written.contains(&format!("'{trigger}1+1")), "{written:?}");
            }
        }
        assert_eq!(text("x; - y, =z"), r#""x; - y, =z""#);
    }

    #[test]
    fn a51_a_header_is_guarded_like_a_text() {
        let file = Csv::new(&["=1"]).finish();
        assert!(file.ends_with(b"\"'=1\"\r\n"));
    }
}
