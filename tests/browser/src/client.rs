//! A browser without scripts: cookies, pages and forms, and nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Response;

use crate::company::PASSWORD;

/// Somebody's browser.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    base: String,
    cookies: BTreeMap<String, String>,
}

/// What a page answers.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Where it sends the browser.
    pub location: Option<String>,
    /// The page.
    pub html: String,
}

impl Client {
    /// Nobody's browser.
    #[must_use]
    pub fn new(base: &str) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .into();
        Self {
            agent,
            base: base.to_owned(),
            cookies: BTreeMap::new(),
        }
    }

    /// The browser of somebody who has logged in.
    #[must_use]
    pub fn of(base: &str, username: &str) -> Self {
        let mut client = Self::new(base);
        let answer = client.submit(
            "/login",
            "/login",
            &[("username", username), ("password", PASSWORD)],
        );
        assert_eq!(
            answer.status, 303,
            "{username} cannot log in: {}",
            answer.html
        );
        client
    }

    /// Name and value of every cookie.
    #[must_use]
    pub fn cookies(&self) -> Vec<(&str, &str)> {
        self.cookies
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }

    /// Puts a cookie into the browser.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Asks for a page.
    pub fn get(&mut self, path: &str) -> Answer {
        let request = self
            .agent
            .get(format!("{}{path}", self.base))
            .header("cookie", self.cookie_header())
            .header("accept-language", "en");
        let response = request.call().expect("the program answers");
        self.take(response)
    }

    /// The status of a page; none when nobody answers.
    #[must_use]
    pub fn try_get(&self, path: &str) -> Option<u16> {
        let asked = self.agent.get(format!("{}{path}", self.base)).call();
        asked.ok().map(|answer| answer.status().as_u16())
    }

    /// Asks for something twice, as a browser that has kept it: its rule for caches, and the second status.
    pub fn ask_again(&mut self, path: &str) -> (String, u16) {
        let url = format!("{}{path}", self.base);
        let first = self
            .agent
            .get(&url)
            .header("cookie", self.cookie_header())
            .call();
        let first = first.expect("the program answers");
        let header = |name: &str| {
            let value = first.headers().get(name);
            value
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
                .to_owned()
        };
        let again = self
            .agent
            .get(&url)
            .header("cookie", self.cookie_header())
            .header("if-none-match", header("etag"));
        let again = again.call().expect("the program answers");
        (header("cache-control"), again.status().as_u16())
    }

    /// Opens the page `at` and sends its form that goes to `action` as a browser does, with everything that stands in it; what is
    /// written into these fields takes its place.
    pub fn submit(&mut self, at: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get(at);
        let standing = fields_of(&page.html, action)
            .unwrap_or_else(|| panic!("{at} has no form for {action}: {}", page.html));
        let left = standing
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| !fields.iter().any(|(written, _)| written == name));
        let all: Vec<(&str, &str)> = left.chain(fields.iter().copied()).collect();
        let request = self
            .agent
            .post(format!("{}{action}", self.base))
            .header("cookie", self.cookie_header())
            .header("accept-language", "en")
            .header("sec-fetch-site", "same-origin");
        let response = request
            .send_form(all.iter().copied())
            .expect("the program answers");
        self.take(response)
    }

    fn cookie_header(&self) -> String {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    fn take(&mut self, mut response: Response<ureq::Body>) -> Answer {
        for line in response.headers().get_all("set-cookie") {
            let line = line.to_str().unwrap_or_default();
            let pair = line.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                if value.is_empty() {
                    self.cookies.remove(name);
                } else {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        let location = response
            .headers()
            .get("location")
            .and_then(|value| value.to_str().ok())
            .map(ToOwned::to_owned);
        Answer {
            status: response.status().as_u16(),
            location,
            html: response.body_mut().read_to_string().unwrap_or_default(),
        }
    }
}

/// The fields of the first form that goes to an address, and what stands in them; none of it has choices.
fn fields_of(html: &str, action: &str) -> Option<Vec<(String, String)>> {
    let mark = format!("action=\"{action}\"");
    let form = html.split("<form ").skip(1).find(|form| {
        form.split('>')
            .next()
            .is_some_and(|tag| tag.contains(&mark))
    })?;
    let form = form.split("</form>").next()?;
    let fields = form.split('<').filter_map(|element| {
        let (tag, content) = element.split_once('>')?;
        let is_box = tag.contains("type=\"checkbox\"") || tag.contains("type=\"radio\"");
        if is_box && !tag.contains(" checked") {
            return None;
        }
        if tag.starts_with("input ") {
            let value = attribute(tag, "value").unwrap_or_default();
            Some((attribute(tag, " name")?, value))
        } else if tag.starts_with("textarea ") {
            Some((attribute(tag, " name")?, content.to_owned()))
        } else {
            None
        }
    });
    Some(fields.collect())
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let rest = tag.split_once(&format!("{name}=\""))?.1;
    Some(rest.split('"').next()?.to_owned())
}
