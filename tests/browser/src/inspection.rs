//! What every page owes to whoever reads it, and what the browser itself says about it.

use serde_json::Value;
use thirtyfour::prelude::*;

use crate::steps::Outcome;

/// What was seen of one page.
pub struct Inspection {
    /// Everything that is wrong with it.
    pub faults: Vec<String>,
    /// Its words, without names, titles and codes.
    pub words: Vec<String>,
}

impl Inspection {
    /// Looks at the page that is open.
    pub async fn of(browser: &WebDriver, lang: &str, theme: &str) -> Outcome<Self> {
        let script = include_str!("inspection.js");
        let answer = browser
            .execute(script, vec![lang.into(), theme.into()])
            .await?;
        let seen = answer.json();
        let list = |name: &str| -> Vec<String> {
            let all = seen[name].as_array().into_iter().flatten();
            all.filter_map(Value::as_str)
                .map(ToOwned::to_owned)
                .collect()
        };
        Ok(Self {
            faults: list("faults"),
            words: list("words"),
        })
    }
}

/// How far the page reaches beyond the window, in CSS pixels, and what sticks out.
pub async fn overflow(browser: &WebDriver) -> Outcome<Option<String>> {
    let script = "const over = document.documentElement.scrollWidth - innerWidth;
        if (over <= 0) return null;
        const inScroller = (e) => { for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) if (getComputedStyle(p).overflowX !== 'visible') return true; return false; };
        const out = [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !inScroller(e));
        return `scrolls sideways by ${over} px: ` + out.slice(-3).map((e) => e.localName + '.' + e.className).join(', ');";
    let answer = browser.execute(script, vec![]).await?;
    Ok(answer.json().as_str().map(ToOwned::to_owned))
}

/// What the browser noted since the last look: what went wrong, and what was asked of strangers.
pub struct Trace {
    /// Errors of the console and breaches of the content security policy.
    pub errors: Vec<String>,
    /// Requests to other origins.
    pub foreign: Vec<String>,
}

impl Trace {
    /// Reads and empties the browser's logs.
    pub async fn take(browser: &WebDriver, base: &str) -> Outcome<Self> {
        let errors = browser
            .get_log("browser")
            .await?
            .into_iter()
            .filter(|entry| entry.level == "SEVERE" || entry.source.as_deref() == Some("security"))
            .map(|entry| entry.message)
            .collect();
        let mut foreign = Vec::new();
        for entry in browser.get_log("performance").await? {
            let event: Value = serde_json::from_str(&entry.message)?;
            let event = &event["message"];
            if event["method"] != "Network.requestWillBeSent" {
                continue;
            }
            let url = event["params"]["request"]["url"]
                .as_str()
                .unwrap_or_default();
            // The browser's own first page is no business of ours.
            let own = ["data:", "about:", "blob:", "chrome:"];
            if !url.starts_with(base) && !own.iter().any(|scheme| url.starts_with(scheme)) {
                foreign.push(url.to_owned());
            }
        }
        Ok(Self { errors, foreign })
    }
}
