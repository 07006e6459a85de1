//! Words of another language on a page.

/// Names and codes that are written in Latin letters in every language.
const NAMES: &[&str] = &[
    "aTES",
    "CSV",
    "XLSX",
    "Atom",
    "ICS",
    "XML",
    "JSON",
    "API",
    "UTC",
    "IBAN",
    "BIC",
    "SEPA",
    "TOTP",
    "QR",
    "SQL",
    "ID",
    "IP",
    "Jira",
    "HTML",
    "PDF",
    "A4",
    "Excel",
    "LibreOffice",
    "hledger",
    "Beancount",
    "SMTP",
    "OpenAPI",
    "UberPopug",
    "Inc",
    "English",
    "Europe",
    "Moscow",
    "URL",
    "Ctrl",
];

/// The words of a Russian page that are not Russian.
#[must_use]
pub fn foreign_words(texts: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for text in texts {
        for word in
            text.split(|letter: char| !letter.is_ascii_alphanumeric() && !"-._@/'".contains(letter))
        {
            let word = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
            let letters = word.chars().filter(char::is_ascii_alphabetic).count();
            let is_code = word.contains(['@', '/', '_', '.'])
                || word.chars().any(|letter| letter.is_ascii_digit());
            if letters < 2 || is_code || NAMES.contains(&word) {
                continue;
            }
            let line = format!("{word} (in: {})", text.chars().take(80).collect::<String>());
            if !found.contains(&line) {
                found.push(line);
            }
        }
    }
    found
}
