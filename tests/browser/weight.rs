//! How much a visit weighs, as the browser counts it.

use std::collections::BTreeMap;

use ates_browser::{Chromium, Client, Outcome, Product, Who};
use serde_json::{Value, json};

/// Bytes on the wire of a first visit, of everything.
const FIRST: u64 = 150 * 1024;
/// Bytes on the wire of a visit after it, without the page itself.
const LATER: u64 = 15 * 1024;

/// Bytes that came over the wire for one visit.
#[derive(Debug, Default)]
struct Weight {
    page: u64,
    rest: u64,
    /// Bytes by kind, as the figure that is printed.
    kinds: BTreeMap<String, u64>,
}

/// Opens a page and weighs what comes.
async fn visit(chromium: &Chromium, url: &str) -> Outcome<Weight> {
    let browser = &chromium.driver;
    drop(browser.get_log("performance").await?);
    browser.goto(url).await?;
    // Pictures further down come when they are scrolled to; they belong to the visit.
    browser
        .execute_async(
            "const done = arguments[0];
             for (const picture of document.images) picture.loading = 'eager';
             Promise.all([...document.images].map((picture) => picture.decode().catch(() => {}))).then(() => done(true));",
            vec![],
        )
        .await?;
    let mut kinds: BTreeMap<String, String> = BTreeMap::new();
    let mut weight = Weight::default();
    for entry in browser.get_log("performance").await? {
        let event: Value = serde_json::from_str(&entry.message)?;
        let (event, params) = (&event["message"], &event["message"]["params"]);
        let request = params["requestId"].as_str().unwrap_or_default().to_owned();
        match event["method"].as_str() {
            Some("Network.responseReceived") => {
                let url = params["response"]["url"].as_str().unwrap_or_default();
                if url.starts_with("http") {
                    let kind = params["type"].as_str().unwrap_or_default();
                    kinds.insert(request, kind.to_owned());
                }
            }
            Some("Network.loadingFinished") => {
                let Some(kind) = kinds.get(&request) else {
                    continue;
                };
                // Bytes are written as a number with a point.
                let bytes = params["encodedDataLength"]
                    .as_f64()
                    .unwrap_or_default()
                    .max(0.0);
                let bytes = format!("{bytes:.0}").parse::<u64>()?;
                if kind == "Document" {
                    weight.page += bytes;
                } else {
                    weight.rest += bytes;
                }
                *weight.kinds.entry(kind.clone()).or_default() += bytes;
            }
            _ => {}
        }
    }
    Ok(weight)
}

#[tokio::test(flavor = "multi_thread")]
async fn p_a_first_visit_is_light_and_a_later_one_brings_the_page_alone() -> Outcome {
    let product = tokio::task::spawn_blocking(|| Product::of_company("")).await?;
    let chromium = Chromium::start().await;
    let outcome = weigh(&chromium, &product.base).await;
    chromium.quit().await;
    drop(product);
    outcome
}

async fn weigh(chromium: &Chromium, base: &str) -> Outcome {
    for (who, path) in [
        (Who::Developer, "/tasks"),
        (Who::Manager, "/tasks/all"),
        (Who::Developer, "/account"),
    ] {
        let client = tokio::task::block_in_place(|| who.client(base));
        chromium.become_(base, &client, "ru", "light").await?;
        chromium
            .driver
            .cdp()
            .send_raw("Network.clearBrowserCache", json!({}))
            .await?;
        let url = format!("{base}{path}");
        let first = visit(chromium, &url).await?;
        let later = visit(chromium, &url).await?;
        println!("{path}: first {first:?}, later {later:?}");
        assert!(first.kinds.contains_key("Stylesheet"), "{path}: {first:?}");
        assert!(first.page + first.rest <= FIRST, "{path}: {first:?}");
        assert!(later.page > 0 && later.rest <= LATER, "{path}: {later:?}");
    }
    Ok(())
}

#[test]
fn p_what_stays_the_same_is_not_sent_twice() {
    let product = Product::of_company("");
    let mut client = Client::of(&product.base, "developer");
    let page = client.get("/tasks").html;
    let mut asked = 0;
    for mark in ["/static/", "/avatars/"] {
        for rest in page.split(&format!("=\"{mark}")).skip(1) {
            let path = format!("{mark}{}", rest.split('"').next().unwrap_or_default());
            let (cache, again) = client.ask_again(&path);
            let for_ever = cache.contains("immutable");
            assert!(for_ever || again == 304, "{path}: {cache:?}, then {again}");
            asked += 1;
        }
    }
    assert!(asked >= 3, "{asked}");
}
