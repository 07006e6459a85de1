//! axe-core in the pages of a browser.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use thirtyfour::prelude::*;

use crate::chromium::Chromium;
use crate::steps::Outcome;

/// What a page is held to.
const TAGS: [&str; 6] = [
    "wcag2a",
    "wcag2aa",
    "wcag21a",
    "wcag21aa",
    "wcag22aa",
    "best-practice",
];
/// Those of its rules that look at colours, which are all that a theme changes.
const OF_COLOURS: [&str; 2] = ["color-contrast", "link-in-text-block"];

/// The engine, which is in every page of the browser.
pub struct Axe(());

impl Axe {
    /// Puts the script that `tests/support/axe` keeps into every page that is opened from now on.
    pub async fn in_pages_of(chromium: &Chromium) -> Outcome<Self> {
        let keeper = Path::new(env!("CARGO_MANIFEST_DIR")).join("../support/axe");
        let kept = Command::new(keeper)
            .arg("install")
            .output()
            .expect("tests/support/axe runs");
        assert!(
            kept.status.success(),
            "{}",
            String::from_utf8_lossy(&kept.stderr)
        );
        let path = String::from_utf8(kept.stdout).expect("a path");
        let source = std::fs::read_to_string(path.trim()).expect("the script is where it was put");
        let cdp = chromium.driver.cdp();
        let script = json!({ "source": source });
        cdp.send_raw("Page.addScriptToEvaluateOnNewDocument", script)
            .await?;
        Ok(Self(()))
    }

    /// The violations on the page, each as one line with the rule and the first elements that break it. A page that reads itself again
    /// in the middle is looked at anew.
    pub async fn violations(&self, browser: &WebDriver) -> Outcome<Vec<String>> {
        let rules = json!({ "type": "tag", "values": TAGS });
        self.violations_of(browser, rules).await
    }

    /// The violations of what is held of colours alone, for a page that has been looked at as a whole in another theme.
    pub async fn violations_of_colours(&self, browser: &WebDriver) -> Outcome<Vec<String>> {
        let rules = json!({ "type": "rule", "values": OF_COLOURS });
        self.violations_of(browser, rules).await
    }

    async fn violations_of(&self, browser: &WebDriver, rules: Value) -> Outcome<Vec<String>> {
        let script = "const [rules, done] = arguments;
            axe.run(document, { runOnly: rules, resultTypes: ['violations'] }).then(
                (found) => done(found.violations.map((v) => `${v.id}: ${v.help}: ` + v.nodes.slice(0, 3).map((n) => n.target.join(' ') + ' ' + (n.any[0]?.message ?? n.all[0]?.message ?? '')).join(' | '))),
                (error) => done([`axe: ${error}`]),
            );";
        for _ in 0..5 {
            match browser.execute_async(script, vec![rules.clone()]).await {
                Ok(answer) => {
                    let lines = answer.json().as_array().cloned().unwrap_or_default();
                    return Ok(lines
                        .iter()
                        .filter_map(Value::as_str)
                        .map(ToOwned::to_owned)
                        .collect());
                }
                Err(error) if error.to_string().contains("axe is not defined") => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err("the page never stands still".into())
    }
}
