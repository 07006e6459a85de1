//! T-AUTH-9: of all ways in which a change can be asked for, only the one of a page of this site is heard (A44).

use ates::platform::web::csrf;

use crate::support::client::agent;
use crate::support::database::count;
use crate::support::raw::send;
use crate::support::{PASSWORD, TestApp};

const SITES: [Option<&str>; 4] = [
    Some("same-origin"),
    Some("same-site"),
    Some("cross-site"),
    None,
];
const METHODS: [&str; 4] = ["POST", "GET", "PUT", "DELETE"];
const FORM: &str = "application/x-www-form-urlencoded";
const KINDS: [Option<&str>; 5] = [
    Some(FORM),
    Some("application/json"),
    Some("text/plain"),
    Some("multipart/form-data; boundary=x"),
    None,
];

/// One way to ask for a change.
#[derive(Clone, Copy, Debug)]
struct Way<'a> {
    origin: Option<&'a str>,
    site: Option<&'a str>,
    kind: Option<&'a str>,
    token: Option<&'a str>,
    method: &'a str,
}

impl Way<'_> {
    /// Whether it is the way of a page of this site: by what the browser says of the site, or, of a browser that says nothing, by
    /// the origin; as a form; with this session's token.
    fn is_good(&self, own: &str, token: &str) -> bool {
        let from_here = match self.site {
            Some(site) => site == "same-origin",
            None => self.origin == Some(own),
        };
        from_here && self.kind == Some(FORM) && self.token == Some(token) && self.method == "POST"
    }

    fn ask(&self, base: &str, path: &str, cookie: &str, fields: &[(&str, &str)]) -> u16 {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields {
            body.append_pair(name, value);
        }
        if let Some(token) = self.token {
            body.append_pair("csrf", token);
        }
        let mut headers = vec![("cookie", cookie)];
        for (name, value) in [
            ("origin", self.origin),
            ("sec-fetch-site", self.site),
            ("content-type", self.kind),
        ] {
            headers.extend(value.map(|value| (name, value)));
        }
        send(base, self.method, path, &headers, &body.finish()).status
    }
}

/// Every cell of the matrix.
fn cells<'a>(origins: &[Option<&'a str>; 5], tokens: &[Option<&'a str>; 3]) -> Vec<Way<'a>> {
    let mut cells = Vec::new();
    for origin in *origins {
        for site in SITES {
            for kind in KINDS {
                for token in *tokens {
                    for method in METHODS {
                        cells.push(Way {
                            origin,
                            site,
                            kind,
                            token,
                            method,
                        });
                    }
                }
            }
        }
    }
    cells
}

#[test]
fn a44_t_auth_9_of_twelve_hundred_ways_to_change_something_only_the_good_ones_are_heard() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let own = app.config().base_url.origin().ascii_serialization();
    let browser = app.log_in(&kesha);
    let secret = browser.cookie("ates_session").unwrap();
    let cookie = format!("ates_session={secret}");
    let (right, wrong) = (csrf::token_for(secret), csrf::token_for("somebody else's"));
    let other_port = format!("{own}1");
    let origins = [
        Some(own.as_str()),
        Some("https://evil.example"),
        Some("null"),
        Some(other_port.as_str()),
        None,
    ];
    let cells = cells(&origins, &[Some(&right), Some(&wrong), None]);
    assert_eq!(cells.len(), 1_200);
    let (mut heard, mut misjudged) = (0, Vec::new());
    for way in cells {
        let fields = [("language", "ru")];
        let status = way.ask(&app.base(), "/profile/language", &cookie, &fields);
        let good = way.is_good(&own, &right);
        heard += i64::from(good);
        let fits = if good {
            status == 303
        } else {
            matches!(status, 403 | 405 | 415)
        };
        if !fits {
            misjudged.push((status, way));
        }
    }
    assert!(misjudged.is_empty(), "{misjudged:#?}");
    let told = count(
        &mut app.conn(),
        "platform.audit_log where action = 'auth.language_changed'",
    );
    assert_eq!(
        (told, heard),
        (6, 6),
        "the site's own word with any origin, or the origin alone"
    );
}

#[test]
fn a44_t_auth_9_the_log_in_form_is_guarded_in_the_same_way() {
    let app = TestApp::start();
    app.register("kesha", &["developer"]);
    let own = app.config().base_url.origin().ascii_serialization();
    let mut browser = app.browser();
    browser.get("/login");
    let secret = browser.cookie("ates_visit").unwrap();
    let cookie = format!("ates_visit={secret}");
    let (right, wrong) = (csrf::token_for(secret), csrf::token_for("somebody else's"));
    let fields = [("username", "kesha"), ("password", PASSWORD)];
    let mut entered = 0;
    for origin in [Some(own.as_str()), Some("https://evil.example")] {
        for site in SITES {
            for kind in [KINDS[0], KINDS[2]] {
                for token in [Some(right.as_str()), Some(wrong.as_str()), None] {
                    let way = Way {
                        origin,
                        site,
                        kind,
                        token,
                        method: "POST",
                    };
                    let status = way.ask(&app.base(), "/login", &cookie, &fields);
                    let good = way.is_good(&own, &right);
                    assert_eq!(status == 303, good, "{way:?}: {status}");
                    entered += i64::from(good);
                }
            }
        }
    }
    assert_eq!(entered, 3);
    assert_eq!(count(&mut app.conn(), "auth.sessions"), entered);
}

#[test]
fn a44_t_auth_9_a_method_that_is_said_to_be_another_stays_what_it_is() {
    let app = TestApp::start();
    let root = app.register("root", &["administrator"]);
    let gosha = app.register("gosha", &["developer"]);
    let browser = app.log_in(&root);
    let cookie = format!("ates_session={}", browser.cookie("ates_session").unwrap());
    let token = app.api(&root).token().unwrap().to_owned();
    for name in [
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
    ] {
        for method in ["POST", "DELETE"] {
            for path in [
                format!("/api/v1/users/{}", gosha.id),
                format!("/admin/users/{}/deactivation", gosha.id),
            ] {
                let answer = agent()
                    .get(format!("{}{path}?_method={method}", app.base()))
                    .header("cookie", &cookie)
                    .header("authorization", format!("Bearer {token}"))
                    .header(name, method)
                    .call()
                    .unwrap();
                assert!(
                    matches!(answer.status().as_u16(), 200 | 405 | 422),
                    "{name} {method} {path}"
                );
            }
        }
    }
    let gone = "auth.users where deactivated_at is not null";
    assert_eq!(count(&mut app.conn(), gone), 0);
}
