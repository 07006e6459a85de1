use serde::Deserialize;

use super::body::read;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    #[expect(dead_code, reason = "only read")]
    title: String,
    #[serde(default)]
    #[expect(dead_code, reason = "only read")]
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[expect(dead_code, reason = "only read")]
    count: u8,
}

/// What the refusal of a body says.
fn refusal(body: &str) -> String {
    let face = read::<Order>(body.as_bytes()).unwrap_err();
    format!("{face}{}", face.named_fields())
}

#[test]
fn a24_what_is_wrong_with_a_body_is_named_by_its_path() {
    assert!(read::<Order>(br#"{"title":"a","lines":[{"count":1}]}"#).is_ok());
    for (body, field) in [
        (r#"{}"#, "title"),
        (r#"{"title":1}"#, "title"),
        (r#"{"title":"a","lines":{}}"#, "lines"),
        (
            r#"{"title":"a","lines":[{"count":1},{"count":"2"}]}"#,
            "lines[1].count",
        ),
        (
            r#"{"title":"a","lines":[{"count":1},{"count":256}]}"#,
            "lines[1].count",
        ),
        (r#"{"title":"a","lines":[{}]}"#, "lines[0].count"),
        (
            r#"{"title":"a","lines":[{"count":1,"price":2}]}"#,
            "lines[0].price",
        ),
        (r#"{"title":"a","price":2}"#, "price"),
        (r#"{"title":"a","title":"b"}"#, "title"),
        (r#"{"title":"a\u0000"}"#, "title"),
        (r#"{"title":"a\\u0000\u0000"}"#, "title"),
    ] {
        assert_eq!(
            refusal(body),
            format!("422 invalid-input {field}"),
            "{body}"
        );
    }
    assert!(
        read::<Order>(br#"{"title":"a\\u0000"}"#).is_ok(),
        "no NUL, only its name"
    );
    for body in [
        "",
        "{",
        "nothing",
        r#"{"title":"a"} {}"#,
        r#"{"title":"\ud800"}"#,
    ] {
        assert_eq!(refusal(body), "400 bad-request", "{body}");
    }
}
