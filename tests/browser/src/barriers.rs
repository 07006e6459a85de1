//! axe-core in the page that is open.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use thirtyfour::prelude::*;

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

/// The engine, ready to be put into a page.
#[derive(Clone)]
pub struct Axe {
    source: String,
}

impl Axe {
    /// Reads the script that `tests/support/axe` keeps.
    #[must_use]
    pub fn load() -> Self {
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
        Self { source }
    }

    /// The violations on the page, each as one line with the rule and the first elements that break it. A page that reads itself again
    /// in the middle is looked at anew.
    pub async fn violations(&self, browser: &WebDriver) -> Outcome<Vec<String>> {
        let script = "const [tags, done] = arguments;
            axe.run(document, { runOnly: tags, resultTypes: ['violations'] }).then(
                (found) => done(found.violations.map((v) => `${v.id}: ${v.help}: ` + v.nodes.slice(0, 3).map((n) => n.target.join(' ') + ' ' + (n.any[0]?.message ?? n.all[0]?.message ?? '')).join(' | '))),
                (error) => done([`axe: ${error}`]),
            );";
        for _ in 0..5 {
            let known = browser
                .execute("return typeof axe === 'object'", vec![])
                .await?;
            if known.json().as_bool() != Some(true) {
                browser.execute(self.source.clone(), vec![]).await?;
            }
            match browser.execute_async(script, vec![json!(TAGS)]).await {
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
