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
    "PIN",
    "Message-ID",
    "Authorization",
    "Bearer",
    "WCAG",
    "AA",
    "beancount",
    "Postgres",
    "Debian",
    "http",
    "Connect",
    "IANA",
    "JetStream",
    "NATS",
    "OpenID",
    "PKCE",
    "TLS",
    // Kinds of events and modules, as they are called in the event log, in commands and in configuration.
    "account",
    "accounting",
    "analytics",
    "auth",
    "bus",
    "jobs",
    "mail",
    "money",
    "reassign",
    "task",
    "tasks",
];

/// What people and machines wrote, in a company: it stays in the language it was written in.
pub(crate) const WRITTEN: &str = "select title from tasks.tasks union select description from tasks.tasks where description is not null
    union select name || ' ' || surname from auth.users union select username from auth.users
    union select reason from accounting.corrections
    union select error_class from bus.parked_items union select 'internal error: held' union select 'ureq' union select '«cage»' union select '«no-such-thing»'";

/// The words of a Russian page that are not Russian; `written` is what stays as it is.
#[must_use]
pub fn foreign_words(texts: &[String], written: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let foreign = |text: &&String| text.chars().any(|letter| letter.is_ascii_alphabetic());
    for text in texts.iter().filter(foreign) {
        let mut rest = text.clone();
        for line in written.iter().flat_map(|written| written.lines()) {
            if !line.is_empty() && rest.contains(line) {
                rest = rest.replace(line, " ");
            }
        }
        for word in
            rest.split(|letter: char| !letter.is_ascii_alphanumeric() && !"-._@/'".contains(letter))
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
