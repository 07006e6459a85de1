//! What a screen reader is told of the pages that people use most: landmarks, headings and controls, compared with what is kept in
//! `tests/browser/spoken`. `ATES_TEST_WRITE=1` keeps what is told now.

use std::fmt::Write;
use std::path::Path;

use ates_browser::{Chromium, Outcome, Product, Who};
use serde_json::Value;

/// The page, who looks at it, and the file: pages that say the same on every day.
const PAGES: [(&str, Who, &str); 5] = [
    ("/login", Who::Nobody, "login"),
    ("/tasks?status=done", Who::Developer, "tasks-done"),
    ("/tasks/all", Who::Manager, "tasks-all"),
    ("/account/statements", Who::Developer, "statements"),
    ("/admin/users", Who::Administrator, "users"),
];

/// What is kept: what people find their way by and what they operate. The rows of tables are data.
const ROLES: [&str; 22] = [
    "alert",
    "banner",
    "button",
    "checkbox",
    "columnheader",
    "combobox",
    "contentinfo",
    "Date",
    "dialog",
    "DisclosureTriangle",
    "form",
    "heading",
    "link",
    "main",
    "navigation",
    "radio",
    "region",
    "search",
    "searchbox",
    "status",
    "table",
    "textbox",
];

#[tokio::test(flavor = "multi_thread")]
async fn m18_screen_readers_are_told_what_they_were_told_before() -> Outcome {
    let product = tokio::task::spawn_blocking(|| Product::of_company("")).await?;
    let chromium = Chromium::start().await;
    let outcome = compare_all(&chromium, &product.base).await;
    chromium.quit().await;
    drop(product);
    let changed = outcome?;
    assert!(
        changed.is_empty(),
        "what is told has changed; look whether it should, and keep it with ATES_TEST_WRITE=1:\n{}",
        changed.join("\n")
    );
    Ok(())
}

/// What is told otherwise than before, a page each.
async fn compare_all(chromium: &Chromium, base: &str) -> Outcome<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("spoken");
    let writes = std::env::var_os("ATES_TEST_WRITE").is_some();
    let mut changed = Vec::new();
    for (path, who, name) in PAGES {
        let client = tokio::task::block_in_place(|| who.client(base));
        chromium.become_(base, &client, "en", "light").await?;
        chromium.driver.goto(format!("{base}{path}")).await?;
        let told = told(&chromium.accessibility_tree().await?);
        assert!(
            told.contains("main") && told.contains("heading 1"),
            "{told}"
        );
        let file = folder.join(format!("{name}.txt"));
        if writes {
            std::fs::create_dir_all(&folder)?;
            std::fs::write(&file, &told)?;
            continue;
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        if kept != told {
            changed.push(format!("{path}: {}", difference(&kept, &told)));
        }
    }
    Ok(changed)
}

/// The lines that only one of two texts has.
fn difference(kept: &str, told: &str) -> String {
    let mut said = String::new();
    for line in kept
        .lines()
        .filter(|line| !told.lines().any(|other| other == *line))
    {
        let _ = write!(said, "\n  no more: {}", line.trim());
    }
    for line in told
        .lines()
        .filter(|line| !kept.lines().any(|other| other == *line))
    {
        let _ = write!(said, "\n  new: {}", line.trim());
    }
    if said.is_empty() {
        said.push_str(" the order or the number of lines");
    }
    said
}

/// The tree as lines, what belongs to something else below it; figures are data, and so are the rows of tables.
fn told(tree: &Value) -> String {
    let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
    let mut out = String::new();
    if let Some(root) = nodes.first() {
        tell(&nodes, root, 0, &mut out);
    }
    out
}

fn tell(nodes: &[Value], node: &Value, depth: usize, out: &mut String) {
    let role = node["role"]["value"].as_str().unwrap_or_default();
    if matches!(role, "rowheader" | "cell" | "gridcell") {
        return;
    }
    let ignored = node["ignored"].as_bool() == Some(true);
    let mut below = depth;
    if !ignored && ROLES.contains(&role) {
        let property = |name: &str| {
            let properties = node["properties"].as_array().into_iter().flatten();
            let mut found = properties.filter(|property| property["name"] == name);
            found
                .next()
                .map(|property| property["value"]["value"].clone())
        };
        let level = property("level").map_or_else(String::new, |level| format!(" {level}"));
        let name = node["name"]["value"].as_str().unwrap_or_default();
        let name = without_figures(name);
        let _ = writeln!(out, "{}{role}{level} {name:?}", "  ".repeat(depth));
        below += 1;
    }
    for id in node["childIds"].as_array().into_iter().flatten() {
        if let Some(child) = nodes.iter().find(|other| other["nodeId"] == *id) {
            tell(nodes, child, below, out);
        }
    }
}

/// A text with one `#` for each number, whatever its sign and its length.
fn without_figures(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        let goes_on = out.ends_with('#');
        match letter {
            '−' | '+' => {}
            ',' | '.' if goes_on => {}
            letter if letter.is_numeric() => {
                if !goes_on {
                    out.push('#');
                }
            }
            letter => out.push(letter),
        }
    }
    out
}
