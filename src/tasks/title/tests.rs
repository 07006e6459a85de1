use super::*;

#[test]
fn t05_a_title_is_trimmed_and_has_1_to_200_characters() {
    assert_eq!(
        check_title("  Поменять оттенок \u{1F99C} "),
        Ok("Поменять оттенок \u{1F99C}".into())
    );
    assert_eq!(check_title(&"я".repeat(200)), Ok("я".repeat(200)));
    assert_eq!(check_title(&"я".repeat(201)), Err(TitleError::TooLong));
    for empty in ["", "  ", "\t", "\u{200B}\u{202E}", "\u{FEFF} "] {
        assert_eq!(check_title(empty), Err(TitleError::Empty), "{empty:?}");
    }
}

#[test]
fn t05_a_square_bracket_anywhere_in_a_title_is_refused() {
    for text in ["[UBERPOP-42] Поменять", "a [", "]", "readme [skip ci]"] {
        assert_eq!(check_title(text), Err(TitleError::Brackets), "{text:?}");
    }
}

#[test]
fn a54_control_characters_in_a_title_are_refused_and_a_tab_is_a_space() {
    for text in [
        "a\0b",
        "a\nb",
        "a\r\nb",
        "a\u{1b}[0m",
        "a\u{85}b",
        "a\u{2028}b",
    ] {
        assert_eq!(check_title(text), Err(TitleError::Control), "{text:?}");
    }
    assert_eq!(check_title("tab\there"), Ok("tab here".into()));
}

#[test]
fn a54_bidi_controls_and_zero_width_marks_are_dropped_from_texts() {
    assert_eq!(
        check_title("zero\u{200B}width and \u{202E}RTL"),
        Ok("zerowidth and RTL".into())
    );
    assert_eq!(check_title("👩\u{200D}🚀"), Ok("👩\u{200D}🚀".into()));
    assert_eq!(check_description("a\u{2066}b"), Ok(Some("ab".into())));
}

#[test]
fn t05_a_jira_id_has_its_own_form() {
    for id in [
        "UBERPOP-42",
        "A-1",
        "A1-0",
        "ABCDEFGHIJKLMNOPQRST-123456789012",
    ] {
        assert_eq!(check_jira_id(&format!(" {id} ")), Ok(Some(id.into())));
    }
    assert_eq!(check_jira_id("  "), Ok(None));
    for id in [
        "uberpop-42",
        "UBERPOP",
        "UBERPOP-",
        "-42",
        "1A-2",
        "A-1-2",
        "A-1x",
        "[X-6",
        "X 6",
        "ЯЩИК-1",
        "ABCDEFGHIJKLMNOPQRSTU-1",
        "A-1234567890123",
        "A-١",
        "A-\u{0}1",
    ] {
        assert_eq!(check_jira_id(id), Err(JiraIdError::Form), "{id:?}");
    }
}

#[test]
fn t04_a_description_keeps_its_lines_and_tabs() {
    assert_eq!(
        check_description("one\r\n\ttwo  \r\n"),
        Ok(Some("one\n\ttwo".into()))
    );
    assert_eq!(check_description(" \r\n"), Ok(None));
    assert_eq!(check_description("a\0"), Err(DescriptionError::Control));
    assert_eq!(check_description("a\rb"), Err(DescriptionError::Control));
    let longest = "ы".repeat(DESCRIPTION_MAX);
    assert_eq!(check_description(&longest), Ok(Some(longest.clone())));
    assert_eq!(
        check_description(&format!("{longest}ы")),
        Err(DescriptionError::TooLong)
    );
}

#[test]
fn t05_an_imported_title_gives_up_its_id() {
    for (title, id, text) in [
        ("[UBERPOP-42] — Поменять", "UBERPOP-42", "Поменять"),
        (
            "[LEMMY-103321] - Version v0.7.4",
            "LEMMY-103321",
            "Version v0.7.4",
        ),
        ("[A-1] Text", "A-1", "Text"),
        ("[A-1]Text", "A-1", "Text"),
        ("[A-1]:  Text", "A-1", "Text"),
        (" [A-1] – --flag", "A-1", "--flag"),
        ("[A-1]", "A-1", ""),
        ("[WIP] Text", "", "[WIP] Text"),
        ("[A-1 Text", "", "[A-1 Text"),
        ("Text [A-1]", "", "Text [A-1]"),
    ] {
        let split = split_imported_title("", title);
        assert_eq!(split, (id.into(), text.into()), "{title:?}");
    }
    let given = split_imported_title("B-2", "[A-1] - Text");
    assert_eq!(given, ("B-2".into(), "[A-1] - Text".into()));
}

#[test]
fn t05_the_id_is_shown_in_brackets_before_the_title() {
    assert_eq!(
        display_title(Some("UBERPOP-42"), "Поменять"),
        "[UBERPOP-42] Поменять"
    );
    assert_eq!(display_title(None, "Поменять"), "Поменять");
}
