//! The viewer of the document.

use crate::support::TestApp;

#[test]
fn g12_the_viewer_is_off_unless_it_is_wanted() {
    let app = TestApp::start();
    let root = app.register("root", &["administrator"]);
    let mut browser = app.log_in(&root);
    for path in [
        "/docs/api",
        "/docs/api/",
        "/docs/api/index.html",
        "/docs/api/openapi.json",
    ] {
        assert_eq!(browser.get(path).status, 404, "{path}");
    }
}

#[test]
fn g12_the_viewer_asks_no_other_host_and_loosens_no_other_page() {
    let app = TestApp::with(|settings| settings.set("ATES_API_VIEWER", true));
    let worker = app.register("worker", &["other"]);
    let mut browser = app.log_in(&worker);
    assert_eq!(
        browser.get("/docs/api").location.as_deref(),
        Some("/docs/api/")
    );
    let page = browser.get("/docs/api/");
    assert_eq!(page.status, 200);
    for tag in ["<script", "<link"] {
        for piece in page.html.split(tag).skip(1) {
            let piece = piece.split('>').next().unwrap();
            let address = piece
                .split("src=\"")
                .nth(1)
                .or_else(|| piece.split("href=\"").nth(1))
                .unwrap_or_else(|| panic!("written into the page: {tag}{piece}>"));
            let address = address.split('"').next().unwrap();
            assert!(!address.contains("//"), "{address} is on another host");
            let file = browser.get(&format!("/docs/api/{}", address.trim_start_matches("./")));
            assert_eq!(file.status, 200, "{address}");
        }
    }
    assert!(!page.html.contains("<style"));
    let policy = &page.headers["content-security-policy"];
    assert!(
        policy.contains("default-src 'none'") && policy.contains("script-src 'self';"),
        "{policy}"
    );
    assert!(!policy.contains("http"), "{policy}");
    let start = browser.get("/docs/api/swagger-initializer.js");
    assert!(
        start.html.contains("/docs/api/openapi.json"),
        "{}",
        start.html
    );
    assert!(!start.html.contains("http"), "{}", start.html);
    let document = browser.get("/docs/api/openapi.json");
    let document: serde_json::Value = serde_json::from_str(&document.html).unwrap();
    assert_eq!(document, super::document::written());
    for path in ["/", "/tasks", "/profile"] {
        let policy = browser.get(path).headers["content-security-policy"].clone();
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
    }
    assert_eq!(browser.get("/docs/api/nothing.js").status, 404);
    assert_eq!(browser.get("/docs/api/../../Cargo.toml").status, 404);
}
