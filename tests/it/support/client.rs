//! Clients from outside: a browser with cookies, and a script with a bearer token.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ates::platform::web::{cookies, csrf};
use scraper::{Html, Selector};
use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Response;

use super::PASSWORD;

/// A client that follows nothing and takes every status as an answer.
pub fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .into()
}

/// An answer as a person sees it.
pub struct Page {
    pub status: u16,
    pub location: Option<String>,
    pub headers: BTreeMap<String, String>,
    pub html: String,
    /// The answer as it came, for what is no text.
    pub bytes: Vec<u8>,
}

impl Page {
    /// The text of the page, with white space folded.
    pub fn text(&self) -> String {
        let document = Html::parse_document(&self.html);
        let words: Vec<&str> = document
            .root_element()
            .text()
            .flat_map(str::split_whitespace)
            .collect();
        words.join(" ")
    }

    /// The texts of all elements that a selector finds, with white space folded.
    pub fn all(&self, selector: &str) -> Vec<String> {
        let document = Html::parse_document(&self.html);
        document
            .select(&Selector::parse(selector).unwrap())
            .map(|element| {
                element
                    .text()
                    .flat_map(str::split_whitespace)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect()
    }

    /// Whether a selector finds anything.
    pub fn has(&self, selector: &str) -> bool {
        !self.all(selector).is_empty()
    }

    /// An attribute of the first element that a selector finds.
    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        self.attributes(selector, name).into_iter().next()
    }

    /// An attribute of all elements that a selector finds and that have it.
    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let document = Html::parse_document(&self.html);
        document
            .select(&Selector::parse(selector).unwrap())
            .filter_map(|element| element.value().attr(name).map(ToOwned::to_owned))
            .collect()
    }
}

/// Somebody's browser, without scripts.
#[derive(Clone)]
pub struct Browser {
    agent: Agent,
    base: String,
    cookies: BTreeMap<String, String>,
    /// When cookies that last for a time are over.
    ends: BTreeMap<String, Instant>,
    language: &'static str,
}

impl Browser {
    pub fn new(base: String) -> Self {
        Self {
            agent: agent(),
            base,
            cookies: BTreeMap::new(),
            ends: BTreeMap::new(),
            language: "en",
        }
    }

    /// The same browser in another language.
    pub fn speaking(mut self, language: &'static str) -> Self {
        self.language = language;
        self
    }

    /// The same browser at another process of the product.
    pub fn at(mut self, base: String) -> Self {
        self.base = base;
        self
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
        self.ends.remove(name);
    }

    pub fn get(&mut self, path: &str) -> Page {
        let request = self
            .agent
            .get(format!("{}{path}", self.base))
            .header("cookie", self.cookie_header())
            .header("accept-language", self.language);
        let response = request.call().unwrap();
        self.take(response)
    }

    /// Follows redirects to the page at the end.
    pub fn visit(&mut self, path: &str) -> Page {
        let mut page = self.get(path);
        for _ in 0..5 {
            let Some(location) = page.location.clone() else {
                break;
            };
            page = self.get(&location);
        }
        page
    }

    /// Sends a form as a page of this site would, with the session's form token.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        if self.token_cookie().is_none() {
            self.get("/login");
        }
        let token = csrf::token_for(self.token_cookie().unwrap_or_default());
        let mut form = vec![("csrf", token.as_str())];
        form.extend_from_slice(fields);
        self.post_raw(path, &form, &[("sec-fetch-site", "same-origin")])
    }

    /// Sends a form, and gives the tests' password if it is asked for once more.
    pub fn post_confirmed(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.post(path, fields);
        if !page.has("#confirmation") {
            return page;
        }
        let mut fields = fields.to_vec();
        fields.push(("confirm_password", PASSWORD));
        self.post(path, &fields)
    }

    /// Sends a form and goes where it leads.
    pub fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.post(path, fields);
        match page.location.clone() {
            Some(location) => self.visit(&location),
            None => page,
        }
    }

    /// Sends exactly these fields and headers.
    pub fn post_raw(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Page {
        let mut request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("cookie", self.cookie_header())
            .header("accept-language", self.language);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send_form(fields.iter().copied()).unwrap();
        self.take(response)
    }

    fn token_cookie(&self) -> Option<&str> {
        self.cookie(cookies::session(false))
            .or_else(|| self.cookie(cookies::before_login(false)))
    }

    fn cookie_header(&self) -> String {
        let is_over = |name: &str| {
            self.ends
                .get(name)
                .is_some_and(|end| *end <= Instant::now())
        };
        self.cookies
            .iter()
            .filter(|(name, _)| !is_over(name))
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn take(&mut self, response: Response<ureq::Body>) -> Page {
        let page = page_of(response);
        for cookie in page.1 {
            let (pair, rest) = cookie.split_once(';').unwrap_or((&cookie, ""));
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            if value.is_empty() || rest.to_ascii_lowercase().contains("max-age=0") {
                self.cookies.remove(name);
            } else {
                self.set_cookie(name, value);
                let lasts = rest.split(';').find_map(|word| {
                    word.trim()
                        .to_ascii_lowercase()
                        .strip_prefix("max-age=")?
                        .parse()
                        .ok()
                });
                if let Some(seconds) = lasts {
                    self.ends.insert(
                        name.to_owned(),
                        Instant::now() + Duration::from_secs(seconds),
                    );
                }
            }
        }
        page.0
    }
}

fn page_of(response: Response<ureq::Body>) -> (Page, Vec<String>) {
    try_page_of(response).unwrap()
}

fn try_page_of(mut response: Response<ureq::Body>) -> Option<(Page, Vec<String>)> {
    let status = response.status().as_u16();
    let text =
        |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let set: Vec<String> = response
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(text)
        .collect();
    let headers: BTreeMap<String, String> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect();
    let bytes = response
        .body_mut()
        .with_config()
        .limit(100_000_000)
        .read_to_vec()
        .ok()?;
    Some((
        Page {
            status,
            location: headers.get("location").cloned(),
            headers,
            html: String::from_utf8_lossy(&bytes).into_owned(),
            bytes,
        },
        set,
    ))
}

/// Somebody's script.
#[derive(Clone)]
pub struct Api {
    agent: Agent,
    base: String,
    token: Option<String>,
}

impl Api {
    /// A script without a token.
    pub fn anonymous(base: String) -> Self {
        Self {
            agent: agent(),
            base,
            token: None,
        }
    }

    /// A script with a token of its own making.
    pub fn with_token(base: String, token: &str) -> Self {
        Self {
            agent: agent(),
            base,
            token: Some(token.to_owned()),
        }
    }

    pub fn log_in(base: String, username: &str, password: &str) -> Self {
        let anonymous = Self::anonymous(base);
        let (status, answer) = anonymous.post(
            "/api/v1/auth/token",
            &json!({ "username": username, "password": password }),
        );
        assert_eq!(status, 200, "{username} got no token: {answer}");
        Self {
            token: answer["access_token"].as_str().map(ToOwned::to_owned),
            ..anonymous
        }
    }

    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub fn get(&self, path: &str) -> (u16, Value) {
        self.try_send("GET", path, &Value::Null).unwrap()
    }

    /// The status of an answer, if there is an answer.
    pub fn try_get(&self, path: &str) -> Option<u16> {
        self.try_get_json(path).map(|(status, _)| status)
    }

    /// An answer, if there is one: the server may be away.
    pub fn try_get_json(&self, path: &str) -> Option<(u16, Value)> {
        self.try_send("GET", path, &Value::Null)
    }

    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send("POST", path, body)
    }

    pub fn patch(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send("PATCH", path, body)
    }

    pub fn delete(&self, path: &str) -> (u16, Value) {
        self.send("DELETE", path, &Value::Null)
    }

    pub fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.try_send(method, path, body).unwrap()
    }

    /// An answer, if there is one: the server may be away.
    pub fn try_send(&self, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
        let page = self.try_exchange(method, path, body)?;
        Some((
            page.status,
            serde_json::from_str(&page.html).unwrap_or(Value::String(page.html)),
        ))
    }

    /// An answer with its headers, if there is one.
    pub fn try_exchange(&self, method: &str, path: &str, body: &Value) -> Option<Page> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("content-type", "application/json");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let response = self.agent.run(request.body(text).unwrap()).ok()?;
        try_page_of(response).map(|(page, _)| page)
    }
}

/// Posts, and gives the answer if there is one.
pub fn try_post(api: &Api, path: &str, body: &Value) -> Option<(u16, Value)> {
    api.try_send("POST", path, body)
}
