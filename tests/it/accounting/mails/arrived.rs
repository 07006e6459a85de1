//! Every mail as it arrives: both parts say the same, in the receiver's language, and lead nowhere else (M36).

use std::collections::BTreeSet;

use ates::accounting::write_mails;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use diesel::connection::SimpleConnection;
use scraper::{Html, Selector};

use super::super::books::Books;
use super::send;
use crate::support::smtp::{ReceivedMail, SmtpSink};

/// A mail in its parts.
struct Arrived {
    subject: String,
    text: String,
    html: String,
}

/// Takes a mail apart; panics where it is not made as it should be.
fn open(mail: &ReceivedMail) -> Arrived {
    let raw = mail.raw.replace("\r\n", "\n");
    let (head, body) = raw.split_once("\n\n").expect("a head and a body");
    // A head may go on in lines that begin with a space.
    let head = head.replace("\n ", " ").replace("\n\t", " ");
    let line = |name: &str| -> String {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found
            .unwrap_or_else(|| panic!("no {name}: {head}"))
            .1
            .to_owned()
    };
    let kind = line("Content-Type");
    assert!(kind.starts_with("multipart/alternative"), "{kind}");
    let boundary = kind.split("boundary=\"").nth(1).unwrap();
    let mark = format!("--{}", boundary.split('"').next().unwrap());
    let parts: Vec<&str> = body.split(mark.as_str()).collect();
    assert_eq!(parts.len(), 4, "two parts and an end");
    assert!(parts[3].starts_with("--"), "an end");
    let part = |given: &str, kind: &str| {
        let (head, body) = given.trim_start().split_once("\n\n").unwrap();
        let head = head.to_lowercase();
        assert!(
            head.contains(&format!("content-type: {kind}; charset=utf-8")),
            "{head}"
        );
        if head.contains("base64") {
            let coded: String = body.split_whitespace().collect();
            return String::from_utf8(BASE64_STANDARD.decode(coded).unwrap()).unwrap();
        }
        let part = ReceivedMail {
            to: String::new(),
            raw: body.to_owned(),
        };
        part.text()
    };
    Arrived {
        subject: decoded(&line("Subject")),
        text: part(parts[1], "text/plain"),
        html: part(parts[2], "text/html"),
    }
}

/// A header with what its encoded words say.
fn decoded(header: &str) -> String {
    let mut out = String::new();
    // A space between two encoded words is none.
    let mut was_coded = true;
    for word in header.split_whitespace() {
        let coded = word
            .strip_prefix("=?utf-8?b?")
            .and_then(|word| word.strip_suffix("?="));
        if !(was_coded && coded.is_some()) {
            out.push(' ');
        }
        was_coded = coded.is_some();
        match coded {
            Some(coded) => {
                let bytes = BASE64_STANDARD.decode(coded).unwrap();
                out.push_str(&String::from_utf8(bytes).unwrap());
            }
            None => out.push_str(word),
        }
    }
    out.trim().to_owned()
}

/// The words with a figure in them, addresses aside.
fn figures(text: &str) -> BTreeSet<String> {
    let words = text.split_whitespace();
    let words =
        words.filter(|word| word.contains(|c: char| c.is_ascii_digit()) && !word.contains("://"));
    words
        .map(|word| {
            word.trim_matches(['.', ',', ':', ';', '(', ')', '«', '»', '+'])
                .to_owned()
        })
        .collect()
}

fn check(mail: &ReceivedMail, base: &str, lang: &str) {
    let Arrived {
        subject,
        text,
        html,
    } = open(mail);
    let page = Html::parse_document(&html);
    let all = |selector: &str| -> Vec<String> {
        let selector = Selector::parse(selector).unwrap();
        page.select(&selector)
            .map(|element| element.text().collect::<Vec<_>>().join(" "))
            .collect()
    };
    let attributes = |name: &str| -> Vec<String> {
        let selector = Selector::parse(&format!("[{name}]")).unwrap();
        let found = page
            .select(&selector)
            .filter_map(|element| element.attr(name));
        found.map(ToOwned::to_owned).collect()
    };
    let about = format!("{subject}\n{text}\n{html}");
    let words = all("body").join(" ");

    assert!(subject.chars().count() > 5, "{about}");
    for said in [&subject, &text, &words] {
        for hole in ["{", "}", "No localization", "••", "None", "mail-"] {
            let said = said.replace("mail-digest", "");
            assert!(!said.contains(hole), "{hole} in {about}");
        }
    }
    let is_russian = |said: &str| said.chars().any(|c| ('а'..='я').contains(&c));
    assert_eq!(is_russian(&subject), lang == "ru", "{subject}");
    assert_eq!(is_russian(&text), lang == "ru", "{text}");
    assert_eq!(attributes("lang"), [lang], "{about}");
    assert_eq!(all("title"), std::slice::from_ref(&subject), "{about}");
    assert_eq!(
        figures(&text),
        figures(&words),
        "the parts say other figures: {about}"
    );
    assert!(
        text.contains("Popug") && words.contains("Popug"),
        "no name: {about}"
    );

    let links = attributes("href");
    assert!(!links.is_empty(), "{about}");
    for link in &links {
        assert!(link.starts_with(base), "{link}");
        assert!(
            text.contains(link.as_str()),
            "the text does not lead to {link}: {text}"
        );
    }
    assert!(
        attributes("src").is_empty() && attributes("background").is_empty(),
        "{html}"
    );
    let others = html.replace(base, "");
    for foreign in ["http:", "https:", "url(http", "//", "<script", "@import"] {
        assert!(!others.contains(foreign), "{foreign}: {html}");
    }
}

#[test]
fn m36_every_mail_arrives_as_text_and_as_html_that_say_the_same() {
    let sink = SmtpSink::start();
    let books = Books::open_with(|settings| {
        settings
            .smtp(&sink.url())
            .set("ATES_STATEMENT_MAILS", "true")
    });
    let people: Vec<_> = [
        ("kesha", "developer"),
        ("gosha", "developer"),
        ("petya", "developer"),
        ("roma", "developer"),
        ("buh", "accountant"),
        ("admin", "administrator"),
    ]
    .map(|(name, role)| books.app.register(name, &[role]))
    .into();
    for person in [&people[1], &people[3], &people[5]] {
        let russian = [("language", "ru")];
        books.app.log_in(person).post("/profile/language", &russian);
    }
    books.app.drain();
    for person in &people[..2] {
        books.work(person, 2, 2);
    }
    for person in &people[2..4] {
        books.work(person, 2, 0);
    }
    books.app.at("2026-03-02T21:00:00Z");
    books.settle();
    write_mails(books.app.db(), books.app.config()).unwrap();
    send(&books);
    // Of each kind of the mails about accounts one in each language; their links are made when they are sent.
    books
        .app
        .conn()
        .batch_execute(
            "insert into auth.mails (id, message_id, kind, subject_id, recipient, recipient_name, language, next_attempt_at, created_at)
             select gen_random_uuid(), format('<%s.%s@ates.example>', kind, lang), kind, u.id, format('%s.%s@example.org', kind, lang),
               'Kesha Popug', lang, '2026-03-02', '2026-03-02T21:00:00Z'
             from auth.users u, unnest(array['en', 'ru']) lang, unnest(array['password_reset', 'password_changed', 'address_changed',
               'registration_proof', 'registration_known', 'registration_name_taken']) kind
             where u.username = 'kesha'",
        )
        .unwrap();
    let services = books.app.services();
    while ates::auth::mail_step(&services.db, &services.mailer, &services.config).unwrap()
        == ates::platform::workers::Progress::More
    {}

    let base = books.app.config().base_url.to_string();
    let (mut kinds, mut mails) = (BTreeSet::new(), sink.mails());
    mails.sort_by(|one, other| one.header("Message-ID").cmp(&other.header("Message-ID")));
    for mail in &mails {
        let id = mail.header("Message-ID").unwrap();
        let kind = id
            .trim_start_matches('<')
            .split('.')
            .next()
            .unwrap()
            .to_owned();
        let is_russian = match kind.as_str() {
            "payout" | "statement" | "day_digest" => [&people[1], &people[3], &people[5]]
                .iter()
                .any(|person| person.email == mail.to),
            _ => id.contains(".ru@"),
        };
        let lang = if is_russian { "ru" } else { "en" };
        check(mail, &base, lang);
        kinds.insert(format!("{kind} {lang}"));
    }
    let expected: BTreeSet<String> = [
        "payout",
        "statement",
        "day_digest",
        "password_reset",
        "password_changed",
        "address_changed",
        "registration_proof",
        "registration_known",
        "registration_name_taken",
    ]
    .iter()
    .flat_map(|kind| ["en", "ru"].map(|lang| format!("{kind} {lang}")))
    .collect();
    assert_eq!(kinds, expected, "each kind in both languages");
    books.app.assert_verified();
}
