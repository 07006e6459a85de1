//! T-INJ-1, T-INJ-4: what people wrote stays text, on every page of everybody, in every file and every mail (A50, A51, A52).

use ates::accounting::mail_step;
use ates::auth::Role;
use ates::platform::workers::Progress;
use diesel::connection::SimpleConnection;
use scraper::{Html, Selector};
use serde_json::json;

use crate::accounting::books::Books;
use crate::routes::table::{ROUTES, Route};
use crate::routes::world::{World, exchange};
use crate::support::smtp::SmtpSink;

/// Ends of everything that a text may stand in, each followed by an element that nobody else uses.
const TEXTS: [&str; 12] = [
    "<x-canary>",
    "\"><x-canary>",
    "'><x-canary>",
    "\" x-canary=\"1",
    "' x-canary='1",
    "` x-canary=`1",
    "</title><x-canary>",
    "</textarea></select></option><x-canary>",
    "</script><x-canary></style><x-canary>",
    "--><x-canary>",
    "<svg/onload=canary()><math><mi//xlink:href=\"data:x,<x-canary>\">",
    "javascript:canary()//<a href=javascript:canary()>",
];

/// Where somebody writes: the page of a task, the log of an account, the files, the search, and everything that administrators see.
fn write_everywhere(world: &World) {
    let chief = world.app.register("scribe", &["manager"]);
    let api = world.app.api(&chief);
    for text in TEXTS {
        let body =
            json!({ "title": format!("{text} =1+1"), "description": format!("{text}\n{text}") });
        let (status, answer) = api.post("/api/v1/tasks", &body);
        assert_eq!(status, 201, "{answer}");
    }
    let (status, answer) = api.patch("/api/v1/me", &json!({ "meta": { "motto": TEXTS[1] } }));
    assert_eq!(status, 200, "{answer}");
    world.app.drain();
    // Names are refused with such letters in them, so that somebody else must have written them.
    let name = format!("{}{}", TEXTS[1], TEXTS[4]).replace('\'', "''");
    let all_names: String = [
        "auth.users",
        "tasks.employees",
        "accounting.employees",
        "analytics.employees",
    ]
    .iter()
    .map(|table| format!("update {table} set name = '{name}';"))
    .collect();
    world.app.conn().batch_execute(&all_names).unwrap();
}

/// What of a page shows that a text became more than text.
fn broken_out(html: &str) -> Vec<String> {
    let document = Html::parse_document(html);
    let every = Selector::parse("*").unwrap();
    let mut found = Vec::new();
    for element in document.select(&every).map(|element| element.value()) {
        if element.name() == "x-canary" || element.name() == "math" {
            found.push(format!("<{}>", element.name()));
        }
        for (name, value) in element.attrs() {
            let is_address = ["href", "src", "action", "formaction"].contains(&name);
            if name == "x-canary"
                || name.starts_with("on")
                || is_address && value.trim_start().to_lowercase().starts_with("javascript:")
            {
                found.push(format!("<{} {name}={value}>", element.name()));
            }
        }
    }
    found
}

#[test]
fn a_text_that_breaks_out_is_found() {
    assert!(broken_out("<p title='&quot;&gt;&lt;x-canary&gt;'>&lt;x-canary></p>").is_empty());
    for broken in [
        "<p><x-canary></p>",
        "<p title='' x-canary='1'></p>",
        "<b onclick='x()'>b</b>",
        "<a href=' JavaScript:x()'>a</a>",
    ] {
        assert_eq!(broken_out(broken).len(), 1, "{broken}");
    }
}

#[test]
fn a50_a51_t_inj_1_no_text_of_anybody_becomes_markup_or_a_formula_on_any_page_of_any_role() {
    let world = World::build();
    write_everywhere(&world);
    let reads = |route: &&Route| route.method == "GET" && !route.path.starts_with("/static");
    let mut seen = 0;
    for role in [
        Role::Administrator,
        Role::Accountant,
        Role::Manager,
        Role::Developer,
    ] {
        let mut visitor = world.visitor(role);
        for route in ROUTES.iter().filter(reads) {
            let Some(page) = exchange(&world, &mut visitor, route) else {
                continue;
            };
            let kind = page
                .headers
                .get("content-type")
                .cloned()
                .unwrap_or_default();
            let text = &page.html;
            if kind.starts_with("text/html") {
                let found = broken_out(text);
                assert!(found.is_empty(), "{role} {}: {found:?}", route.path);
                seen += text.matches("x-canary").count();
            } else if kind.starts_with("text/csv") {
                for cell in text
                    .split(['\n', ';', ','])
                    .map(|cell| cell.trim_matches('"'))
                {
                    assert!(!cell.starts_with('='), "{role} {}: {cell}", route.path);
                }
                seen += text.matches("x-canary").count();
            } else if text.contains("x-canary") {
                let inert = [
                    "application/json",
                    "application/problem+json",
                    "application/atom+xml",
                    "text/plain",
                ];
                assert!(
                    inert.iter().any(|known| kind.starts_with(known)),
                    "{role} {}: {kind}",
                    route.path
                );
                assert_eq!(page.headers["x-content-type-options"], "nosniff");
            }
        }
    }
    assert!(seen > 200, "only {seen} of the texts were seen at all");
}

/// A name that has got into the database in spite of all is one line of the mail's text and no header.
#[test]
fn a52_t_inj_4_no_name_or_title_writes_a_header_of_a_mail_or_a_second_mail() {
    let sink = SmtpSink::start();
    let books = Books::open_with(|settings| settings.smtp(&sink.url()));
    let kesha = books.app.register("kesha", &["developer"]);
    let api = books.app.api(&kesha);
    for name in [
        "Kesha\r\nBcc: thief@evil.example",
        "Kesha\nSubject: Yours",
        "Kesha\r\n.\r\nMAIL FROM:<thief@evil.example>",
        "Kesha\u{0}",
    ] {
        for field in ["name", "surname"] {
            let (status, answer) = api.patch("/api/v1/me", &json!({ field: name }));
            assert_eq!(status, 422, "{answer}");
            assert_eq!(answer["errors"][0]["field"], field);
        }
        let (status, _) = api.patch(
            "/api/v1/me",
            &json!({ "email": format!("kesha@x.example{name}") }),
        );
        assert_eq!(status, 422);
    }
    books.work(&kesha, 2, 2);
    books
        .app
        .conn()
        .batch_execute(
            "update accounting.employees set
               name = e'Kesha\\r\\nBcc: thief@evil.example\\r\\n\\r\\n<x-canary>',
               surname = e'\\n.\\r\\n.\\nMAIL FROM:<thief@evil.example>\\r\\nRCPT TO:<thief@evil.example>'",
        )
        .unwrap();
    books.app.at("2026-03-02T21:00:00Z");
    books.settle();
    let services = books.app.services();
    while mail_step(&services.db, &services.mailer, &services.config).unwrap() == Progress::More {}
    books.app.drain();
    let mails = sink.mails();
    assert_eq!(mails.len(), 1, "one mail to one person");
    assert!(
        mails[0].to.contains("kesha@uberpopug.example"),
        "{}",
        mails[0].to
    );
    let (head, _) = mails[0]
        .raw
        .split_once("\r\n\r\n")
        .or_else(|| mails[0].raw.split_once("\n\n"))
        .unwrap();
    let mut names: Vec<String> = head
        .lines()
        .filter(|line| !line.starts_with([' ', '\t']))
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    names.sort();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "a header stands twice: {head}");
    assert!(
        !names.iter().any(|name| name == "bcc" || name == "cc"),
        "{head}"
    );
    // In the plain part it is text; in the HTML part it is written out.
    let text = mails[0].text();
    let (plain, html) = text.split_once("text/html").unwrap();
    assert!(
        plain.contains("<x-canary>") && html.contains("x-canary"),
        "{text}"
    );
    assert!(!html.contains("<x-canary>"), "{html}");
}
