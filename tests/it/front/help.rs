//! The help pages: there for everybody, in both languages, at the same place of every page (WCAG 3.2.6).

use crate::support::TestApp;

const PAGES: [&str; 3] = ["/help", "/help/shortcuts", "/about/accessibility"];

#[test]
fn help_is_there_for_everybody_and_linked_at_the_same_place() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let mut browsers = [app.browser(), app.log_in(&kesha)];
    for browser in &mut browsers {
        for path in PAGES.into_iter().chain(["/login", "/nowhere"]) {
            let page = browser.visit(path);
            let links = page.attributes("footer p:first-child a", "href");
            assert_eq!(links, PAGES, "{path}");
        }
        for path in PAGES {
            let (english, russian) = (
                browser.clone().get(path),
                browser.clone().speaking("ru").get(path),
            );
            assert_eq!((english.status, russian.status), (200, 200), "{path}");
            assert_ne!(english.all("h1"), russian.all("h1"), "{path}");
        }
    }
}

#[test]
fn the_worked_example_adds_up() {
    let app = TestApp::start();
    let page = app.browser().get("/help");
    let amounts = page.attributes("#example td:nth-of-type(1) data", "value");
    let balances = page.attributes("#example td:nth-of-type(2) data", "value");
    assert_eq!(balances.len(), 10, "{balances:?}");
    let cents = |text: &String| -> i64 {
        text.parse::<f64>()
            .map(|whole| (whole * 100.0) as i64)
            .unwrap()
    };
    assert_eq!(amounts.iter().map(cents).sum::<i64>(), 0);
    assert_eq!(cents(balances.last().unwrap()), 0, "all is paid out");
    assert!(
        balances.iter().any(|balance| cents(balance) < 0),
        "a debt is shown"
    );
}

#[test]
fn every_key_of_the_script_is_explained() {
    let app = TestApp::start();
    let page = app.browser().get("/help/shortcuts");
    let keys = page.all("#shortcuts dt").join(" ");
    for key in [
        "?", "/", "Ctrl", "C", "J", "K", "Enter", "D", "G", "T", "A", "F", "N", "U", "R", "Esc",
    ] {
        assert!(
            keys.split([' ', ',']).any(|shown| shown == key),
            "{key}: {keys}"
        );
    }
}
