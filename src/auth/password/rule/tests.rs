use super::*;

fn verdict(password: &str) -> Option<&'static str> {
    check_password(password, "kesha", "i.petrov@uberpopug.example")
        .err()
        .map(|message| message.id)
}

const SHORT: Option<&str> = Some("field-password-short");
const LONG: Option<&str> = Some("field-password-long");
const OWN: Option<&str> = Some("field-password-own-name");
const EASY: Option<&str> = Some("field-password-easy");
const COMMON: Option<&str> = Some("field-password-common");

/// T-AUTH-8: what is taken and what is refused, and why.
#[test]
fn t_auth_8_the_table_of_passwords() {
    let words: String = "correct horse battery staple "
        .chars()
        .cycle()
        .take(200)
        .collect();
    let prose = "the heron stood in the reeds all morning and did not once look up, so nobody could say whether it slept or only listened to us";
    let first = |letters: usize| -> String { prose.chars().take(letters).collect() };
    let cyrillic: String = "утка несёт яйцо на рассвете, а цапля всё стоит и молчит, будто её спросили о погоде и она не хочет отвечать никому из нас вовсе"
        .chars()
        .collect();
    let cases: Vec<(String, Option<&str>)> = vec![
        // Lengths, counted in characters and never in bytes.
        (String::new(), SHORT),
        (first(1), SHORT),
        ("fourteen here!".into(), SHORT),
        ("утка у пруда а".into(), SHORT),
        ("🦜🦚🦩🐦🦉🦆🦢🐧🐤🐔🦃🦅🐓🕊".into(), SHORT),
        (first(15), None),
        ("just fifteen ch".into(), None),
        ("утка у пруда аи".into(), None),
        ("🦜🦚🦩🐦🦉🦆🦢🐧🐤🐔🦃🦅🐓🕊🪶".into(), None),
        (first(64), None),
        (first(72), None),
        (first(73), None),
        (first(127), None),
        (words.chars().take(128).collect(), None),
        (words.chars().take(129).collect(), LONG),
        ("x".repeat(1_000_000), LONG),
        (cyrillic.chars().take(100).collect(), None),
        // Every character counts; nothing is asked for and nothing is cut off.
        ("lowercaseandlong".into(), None),
        ("UPPERCASEANDLONG".into(), None),
        ("  leading and trailing  ".into(), None),
        ("tabs\tand\tother signs".into(), None),
        ("тише едешь — дальше будешь".into(), None),
        ("何でもいいから長い言葉を書いてみる".into(), None),
        ("naïve café œuvre".into(), None),
        ("7#Kq!m2@Lz^9wRt$".into(), None),
        ("he creates parrots of glass".into(), None),
        ("an owl reads at dusk".into(), None),
        ("correct horse battery staple".into(), None),
        ("rhubarb in the attic".into(), None),
        // Common ones, plain and dressed up.
        ("123456789012345".into(), COMMON),
        ("1234567890qwerty".into(), COMMON),
        ("qwertyuiopasdfgh".into(), COMMON),
        ("QwErTyUiOpAsDfGhJkL".into(), COMMON),
        ("йцукенгшщзхъфывапр".into(), COMMON),
        ("abcdefghijklmnop".into(), COMMON),
        ("zyxwvutsrqponmlk".into(), COMMON),
        ("111222333444555".into(), COMMON),
        ("iloveyouiloveyou".into(), COMMON),
        ("1l0vey0u1l0vey0u".into(), COMMON),
        ("football football".into(), COMMON),
        ("dragon-dragon-dragon".into(), COMMON),
        ("sunshinebutterfly".into(), COMMON),
        ("$unsh1neButt3rfly".into(), COMMON),
        ("!!!!!sunshine12345".into(), COMMON),
        ("starwars 1977 2026".into(), COMMON),
        ("1qaz2wsx3edc4rfv".into(), COMMON),
        ("q1w2e3r4t5y6u7i8o9p0".into(), COMMON),
        ("aaaaaaaaaaaaaaaaaaaa".into(), COMMON),
        ("abababababababababab".into(), COMMON),
        ("abcdabcdabcdabcd".into(), COMMON),
        ("2026202620262026".into(), COMMON),
        ("               ".into(), COMMON),
        // Words that everybody here knows.
        ("password-password-1".into(), EASY),
        ("P@ssw0rd P@ssw0rd".into(), EASY),
        ("UberPopug is the company".into(), EASY),
        ("ub3rp0pug in the morning".into(), EASY),
        ("ates ates ates ates".into(), EASY),
        ("administrator 2026".into(), EASY),
        ("парольпарольпароль".into(), EASY),
        ("manager developer boss".into(), EASY),
        // One's own name and address.
        ("my name is Kesha, hello".into(), OWN),
        ("k3sha sits on a branch".into(), OWN),
        ("i.Petrov has a long password".into(), OWN),
    ];
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let wrong: Vec<_> = cases
        .iter()
        .filter(|(password, expected)| verdict(password) != *expected)
        .map(|(password, expected)| {
            let start: String = password.chars().take(40).collect();
            format!("{start:?}: {:?} instead of {expected:?}", verdict(password))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
