use super::super::{Cell, Csv, Delimiter};
use super::*;

fn read(bytes: &[u8]) -> CsvRows<2> {
    read_rows(bytes, ["id", "title"]).expect("the header is right")
}

fn rows(rows: &[(u64, &str, &str)]) -> Vec<CsvRow<2>> {
    rows.iter()
        .map(|(line, id, title)| (*line, [(*id).to_owned(), (*title).to_owned()]))
        .collect()
}

fn errors(bytes: &[u8]) -> Vec<String> {
    read(bytes)
        .errors
        .iter()
        .map(LineError::to_string)
        .collect()
}

#[test]
fn a_row_knows_the_line_where_it_begins() {
    let expected = rows(&[(2, "1", "a\nb"), (4, "2", ""), (7, "3", "c")]);
    let file = "id,title\n1,\"a\nb\"\n2,\n\n\n3,c\n";
    assert_eq!(read(file.as_bytes()).rows, expected);
    let expected = rows(&[(2, "1", "a\r\nb"), (4, "2", ""), (7, "3", "c")]);
    let file = file.replace('\n', "\r\n");
    assert_eq!(read(file.as_bytes()).rows, expected);
    let file = file.trim_end();
    assert_eq!(read(file.as_bytes()).rows, expected);
}

#[test]
fn a_byte_order_mark_a_semicolon_and_a_written_out_header_are_fine() {
    let expected = rows(&[(2, "1", "a, b")]);
    assert_eq!(
        read("\u{FEFF}ID; Title \r\n1;a, b\r\n".as_bytes()).rows,
        expected
    );
    assert_eq!(read(b"\"id\",\"title\"\n1,\"a, b\"").rows, expected);
    assert_eq!(
        read(b"id,title"),
        CsvRows {
            rows: vec![],
            errors: vec![]
        }
    );
}

#[test]
fn a_wrong_header_is_named_with_what_was_expected() {
    let message = |bytes: &[u8]| match read_rows(bytes, ["id", "title"]) {
        Ok(rows) => panic!("read {rows:?}"),
        Err(error) => error.to_string(),
    };
    let start = "expected the columns id,title, found ";
    assert_eq!(message(b"id;name\n1;2"), format!("{start}id;name"));
    assert_eq!(
        message(b"id,title,more\r\n"),
        format!("{start}id,title,more")
    );
    assert_eq!(message(b""), format!("{start}nothing"));
    assert_eq!(message(b"\xEF\xBB\xBF\r\n\r\n"), format!("{start}nothing"));
    assert!(message(b"\xFF\xFEi\0d\0").starts_with(start));
    assert!(message("я".repeat(5000).as_bytes()).chars().count() < 300);
}

#[test]
fn a_bad_row_is_reported_and_the_others_are_read() {
    let file = b"id,title\n1\n2,b\n3,c,d\n\xFF,e\n5,f\n";
    assert_eq!(read(file).rows, rows(&[(3, "2", "b"), (6, "5", "f")]));
    assert_eq!(
        errors(file),
        [
            "line 2: expected 2 fields, found 1",
            "line 4: expected 2 fields, found 3",
            "line 5: the text is not UTF-8",
        ]
    );
}

#[test]
fn a_quotation_mark_left_open_swallows_no_rows_in_silence() {
    let file = b"id,title\n1,a\n2,\"b\n3,c\n4,d\n";
    assert_eq!(read(file).rows, rows(&[(2, "1", "a")]));
    assert_eq!(
        errors(file),
        ["line 3: a quotation mark that opens in this row is never closed"]
    );
    assert!(errors(b"id,title\n1,\"b\"").is_empty());
    assert!(errors(b"id,title\n1,\"b\n\"\n").is_empty());
}

#[test]
fn what_the_writer_writes_is_read_back() {
    for delimiter in [Delimiter::Comma, Delimiter::Semicolon] {
        let mut csv = Csv::with_delimiter(delimiter, &["id", "title"]);
        let texts = [
            "",
            "a,b;c",
            "say \"hi\"",
            "two\r\nlines",
            "Поменять 🦜",
            "'quoted'",
        ];
        for (number, text) in (1..).zip(texts) {
            csv.row(&[Cell::Int(number), Cell::Text(text.into())]);
        }
        let read = read(&csv.finish());
        let titles: Vec<&str> = read
            .rows
            .iter()
            .map(|(_, [_, title])| title.as_str())
            .collect();
        assert_eq!((titles.as_slice(), read.errors.len()), (&texts[..], 0));
    }
}
