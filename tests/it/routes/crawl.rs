//! Every link that a role's pages show leads somewhere, for that role.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ates::auth::Role;
use scraper::{Html, Selector};
use serde_json::json;
use uuid::Uuid;

use super::world::World;
use crate::support::client::Browser;

/// How many addresses of one form are followed, such as pages of tasks.
const OF_A_FORM: usize = 3;

/// A link that leads nowhere: where it stands, where it leads, and what is answered there.
#[derive(Debug)]
struct Dead {
    #[allow(dead_code, reason = "said when the test fails")]
    from: String,
    to: String,
    #[allow(dead_code, reason = "said when the test fails")]
    status: u16,
}

/// Follows all links of this site from these addresses on; what leads nowhere, and how many addresses were asked.
fn crawl(browser: &mut Browser, starts: &[&str]) -> (Vec<Dead>, usize) {
    let mut waiting: VecDeque<(String, String)> = starts
        .iter()
        .map(|start| (String::from("the start"), (*start).to_owned()))
        .collect();
    let mut known: BTreeSet<String> = starts.iter().map(|start| (*start).to_owned()).collect();
    let mut forms: BTreeMap<String, usize> = BTreeMap::new();
    let (mut dead, mut asked) = (Vec::new(), 0);
    while let Some((from, to)) = waiting.pop_front() {
        let count = forms.entry(form_of(&to)).or_default();
        *count += 1;
        if *count > OF_A_FORM {
            continue;
        }
        let page = browser.get(&to);
        asked += 1;
        if page.status >= 400 {
            dead.push(Dead {
                from,
                to,
                status: page.status,
            });
            continue;
        }
        let is_page = page
            .headers
            .get("content-type")
            .is_some_and(|kind| kind.starts_with("text/html"));
        let mut links: Vec<String> = page.location.clone().into_iter().collect();
        if is_page {
            links.extend(links_of(&page.html));
        }
        for link in links {
            if let Some(link) = resolve(&to, &link)
                && known.insert(link.clone())
            {
                waiting.push_back((to.clone(), link));
            }
        }
    }
    (dead, asked)
}

/// Everything that a page refers to.
fn links_of(html: &str) -> Vec<String> {
    let document = Html::parse_document(html);
    let wanted =
        Selector::parse("a[href], link[href], img[src], script[src], iframe[src]").unwrap();
    document
        .select(&wanted)
        .filter_map(|element| element.value().attr("href").or(element.value().attr("src")))
        .map(ToOwned::to_owned)
        .collect()
}

/// The address on this site that a link on a page leads to.
fn resolve(page: &str, link: &str) -> Option<String> {
    let link = link.split('#').next().unwrap_or_default();
    let path = page.split('?').next().unwrap_or_default();
    match link.chars().next() {
        Some('/') if !link.starts_with("//") => Some(link.to_owned()),
        Some('?') => Some(format!("{path}{link}")),
        _ => None,
    }
}

/// An address without what differs between pages of one kind.
fn form_of(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| {
            let bare = part.split('.').next().unwrap_or_default();
            let varies = Uuid::parse_str(bare).is_ok()
                || part.starts_with(|letter: char| letter.is_ascii_digit());
            if varies { "…" } else { part }
        })
        .collect();
    let mut keys: Vec<&str> = query
        .split('&')
        .filter_map(|pair| pair.split('=').next())
        .collect();
    keys.sort_unstable();
    format!("{}?{}", parts.join("/"), keys.join("&"))
}

#[test]
fn m16_no_link_of_any_role_leads_nowhere() {
    let world = World::build();
    let mut wrong = Vec::new();
    let mut total = 0;
    for role in Role::ALL {
        let mut visitor = world.visitor(role);
        // Some of them become the visitor's own, if the role may have tasks.
        for number in 0..12 {
            drop(visitor.api.post(
                "/api/v1/tasks",
                &json!({ "title": format!("Task {number} of {role}") }),
            ));
        }
        world.app.drain();
        // A machine has no pages.
        let Some(browser) = visitor.browser.as_mut() else {
            continue;
        };
        let (dead, asked) = crawl(browser, &["/", "/profile"]);
        println!("{role}: {asked} addresses");
        assert!(asked >= 15, "{role} sees only {asked} addresses");
        total += asked;
        wrong.extend(dead.into_iter().map(|dead| format!("{role}: {dead:?}")));
    }
    println!("{total} addresses");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn m16_a_link_that_leads_nowhere_is_found() {
    let world = World::build();
    let mut visitor = world.visitor(Role::Developer);
    let browser = visitor.browser.as_mut().unwrap();
    let (dead, _) = crawl(browser, &["/tasks", "/no-such-page", "/admin/users"]);
    let found: Vec<&str> = dead.iter().map(|dead| dead.to.as_str()).collect();
    assert_eq!(found, ["/no-such-page", "/admin/users"]);
    assert_eq!(
        links_of("<a href='/a'>A</a><img src='/b.svg'>"),
        ["/a", "/b.svg"]
    );
    assert_eq!(
        form_of("/tasks?cursor=3&q=x"),
        form_of("/tasks?q=y&cursor=4")
    );
}
