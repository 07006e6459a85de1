//! Every screen of the list in both languages and both themes: without barriers, without noise, and fit for every width.

use std::collections::BTreeMap;

use ates_browser::{
    Axe, Chromium, Inspection, Outcome, Places, Product, SCREENS, Screen, Trace, Who,
    foreign_words, overflow,
};

/// The width of a desk, that of a desk at 200 %, and that of a phone, which is a desk at 400 %.
const WIDTHS: [(u32, u32); 3] = [(1280, 900), (640, 450), NARROW];
/// A window of 1280 × 900 pixels at 400 % is as small.
const NARROW: (u32, u32) = (320, 225);

/// The people among whom the screens are shared out. Each share is a test of its own in each language.
const OF_EVERYBODY: &[Who] = &[
    Who::Nobody,
    Who::Developer,
    Who::Novice,
    Who::Boss,
    Who::Other,
];
const OF_MANAGERS: &[Who] = &[Who::Manager];
const OF_MONEY: &[Who] = &[Who::Accountant];
const OF_ADMINISTRATORS: &[Who] = &[Who::Administrator];

/// Each language asks for one of the themes; the other is put on in the page, which is all that it changes.
const ENGLISH: (&str, [&str; 2]) = ("en", ["dark", "light"]);
const RUSSIAN: (&str, [&str; 2]) = ("ru", ["light", "dark"]);

#[tokio::test(flavor = "multi_thread")]
async fn m18_no_screen_of_everybody_has_a_barrier_in_english() -> Outcome {
    look_at_all(OF_EVERYBODY, ENGLISH).await
}

#[tokio::test(flavor = "multi_thread")]
async fn m18_no_screen_of_everybody_has_a_barrier_in_russian() -> Outcome {
    look_at_all(OF_EVERYBODY, RUSSIAN).await
}

#[tokio::test(flavor = "multi_thread")]
async fn m18_no_screen_of_managers_has_a_barrier_in_english() -> Outcome {
    look_at_all(OF_MANAGERS, ENGLISH).await
}

#[tokio::test(flavor = "multi_thread")]
async fn m18_no_screen_of_managers_has_a_barrier_in_russian() -> Outcome {
    look_at_all(OF_MANAGERS, RUSSIAN).await
}

#[tokio::test(flavor = "multi_thread")]
async fn m18_no_screen_of_money_has_a_barrier_in_english() -> Outcome {
    look_at_all(OF_MONEY, ENGLISH).await
}

#[tokio::test(flavor = "multi_thread")]
async fn m18_no_screen_of_money_has_a_barrier_in_russian() -> Outcome {
    look_at_all(OF_MONEY, RUSSIAN).await
}

#[tokio::test(flavor = "multi_thread")]
async fn m18_no_screen_of_administrators_has_a_barrier_in_english() -> Outcome {
    look_at_all(OF_ADMINISTRATORS, ENGLISH).await
}

#[tokio::test(flavor = "multi_thread")]
async fn m18_no_screen_of_administrators_has_a_barrier_in_russian() -> Outcome {
    look_at_all(OF_ADMINISTRATORS, RUSSIAN).await
}

#[test]
fn m18_every_screen_has_its_test() {
    let shares = [OF_EVERYBODY, OF_MANAGERS, OF_MONEY, OF_ADMINISTRATORS].concat();
    for screen in SCREENS {
        assert!(shares.contains(&screen.who), "{}", screen.name);
    }
}

/// What a page is called tells it from every other, in tabs and in what a screen reader says first.
#[test]
fn m18_no_two_pages_are_called_alike() {
    let product = Product::of_company(Places::STATES);
    let places = Places::of(&product);
    // Everybody logs in first: one of the screens shows a wrong password, after which nobody gets in for a while.
    let mut clients = Who::ALL.map(|who| (who, who.client(&product.base)));
    for lang in ["en", "ru"] {
        let mut titles: BTreeMap<String, &str> = BTreeMap::new();
        for (who, client) in &mut clients {
            client.set_cookie("ates_lang", lang);
            for screen in SCREENS.iter().filter(|screen| screen.who == *who) {
                let html = screen.ask(client, &places);
                let title = html
                    .split_once("<title>")
                    .and_then(|(_, rest)| rest.split_once("</title>"));
                let (title, _) = title.unwrap_or_else(|| panic!("{} has no title", screen.path));
                let page = screen.path.split('?').next().unwrap_or_default();
                let other = *titles.entry(title.to_owned()).or_insert(page);
                assert_eq!(page, other, "{lang}: both are called {title:?}");
            }
        }
    }
}

async fn look_at_all(people: &[Who], (lang, themes): (&str, [&str; 2])) -> Outcome {
    let (product, places) = tokio::task::spawn_blocking(|| {
        let product = Product::of_company(Places::STATES);
        let places = Places::of(&product);
        (product, places)
    })
    .await?;
    let chromium = Chromium::start().await;
    let outcome = look(&chromium, &product, &places, people, lang, themes).await;
    chromium.quit().await;
    drop(product);
    let faults = outcome?;
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
    Ok(())
}

/// Everything that is wrong, a line each.
async fn look(
    chromium: &Chromium,
    product: &Product,
    places: &Places,
    people: &[Who],
    lang: &str,
    themes: [&str; 2],
) -> Outcome<Vec<String>> {
    let axe = Axe::in_pages_of(chromium).await?;
    let written = tokio::task::block_in_place(|| product.written());
    let base = product.base.as_str();
    let mut faults = Vec::new();
    for who in people {
        let client = tokio::task::block_in_place(|| who.client(base));
        chromium.become_(base, &client, lang, themes[0]).await?;
        for screen in SCREENS
            .iter()
            .filter(|screen| screen.who == *who && is_asked_for(screen))
        {
            let mut say = |fault: String| faults.push(format!("{}: {fault}", screen.name));
            if let Err(error) = screen.show(chromium, base, places).await {
                say(error.to_string());
                continue;
            }
            let seen = examine(chromium, base, &axe, lang, themes).await?;
            seen.faults.into_iter().for_each(&mut say);
            if lang == "ru" {
                foreign_words(&seen.words, &written)
                    .into_iter()
                    .for_each(|word| say(format!("not Russian: {word}")));
            }
        }
    }
    Ok(faults)
}

/// Looks at the page that is open, which was asked for in the first of the themes, in every way there is.
async fn examine(
    chromium: &Chromium,
    base: &str,
    axe: &Axe,
    lang: &str,
    themes: [&str; 2],
) -> Outcome<Inspection> {
    let browser = &chromium.driver;
    let mut seen = Inspection::of(browser, lang, themes[0]).await?;
    let [asked_for, other] = themes;
    for barrier in axe.violations(browser).await? {
        seen.faults.push(format!("{asked_for}: {barrier}"));
    }
    let put_on = "document.documentElement.dataset.theme = arguments[0]";
    browser.execute(put_on, vec![other.into()]).await?;
    for barrier in axe.violations_of_colours(browser).await? {
        seen.faults.push(format!("{other}: {barrier}"));
    }
    for (width, height) in WIDTHS {
        chromium.resize(width, height).await?;
        if let Some(fault) = overflow(browser).await? {
            seen.faults.push(format!("at {width} px {fault}"));
        }
    }
    // What a narrow window lays out in another way is judged once, in the theme that is on, in the language of longer words.
    if lang == "ru" {
        for barrier in axe.violations(browser).await? {
            seen.faults.push(format!("at {} px: {barrier}", NARROW.0));
        }
    }
    chromium.resize(WIDTHS[0].0, WIDTHS[0].1).await?;
    let trace = Trace::take(browser, base).await?;
    for url in trace.foreign {
        seen.faults.push(format!("asks {url}"));
    }
    // The page itself may be an error page.
    let address = browser.current_url().await?.to_string();
    let of_page = format!("{address} - Failed to load resource");
    for error in trace.errors {
        if !error.starts_with(&of_page) {
            seen.faults.push(format!("the console: {error}"));
        }
    }
    Ok(seen)
}

/// Colours that the system chooses, as people with weak sight have it: what only colour or background told apart has a line around it,
/// and the focus is seen.
#[tokio::test(flavor = "multi_thread")]
async fn m18_nothing_is_lost_in_forced_colours() -> Outcome {
    let product = tokio::task::spawn_blocking(|| Product::of_company("")).await?;
    let chromium = Chromium::start().await;
    let outcome = look_in_forced_colours(&chromium, &product.base).await;
    chromium.quit().await;
    drop(product);
    outcome
}

async fn look_in_forced_colours(chromium: &Chromium, base: &str) -> Outcome {
    let client = tokio::task::block_in_place(|| Who::Administrator.client(base));
    chromium.become_(base, &client, "en", "dark").await?;
    chromium.force_colours().await?;
    let (browser, axe) = (&chromium.driver, Axe::in_pages_of(chromium).await?);
    for path in [
        "/tasks/all?q=cage",
        "/admin",
        "/admin/users",
        "/tasks/new",
        "/analytics",
    ] {
        browser.goto(format!("{base}{path}")).await?;
        let mut barriers = axe.violations(browser).await?;
        // Colours are the reader's own there; the engine still counts with those of the page.
        barriers.retain(|barrier| !barrier.starts_with("color-contrast:"));
        assert!(barriers.is_empty(), "{path}: {barriers:#?}");
        let script = "if (!matchMedia('(forced-colors: active)').matches) return ['the colours are not forced'];
            const faults = [];
            const bare = (e) => { const s = getComputedStyle(e); return s.borderTopStyle === 'none' || parseFloat(s.borderTopWidth) === 0; };
            for (const e of document.querySelectorAll('main .chip, main .strip, main .button, main input:not([type=hidden]), main select, main .card, main .table'))
              if (e.checkVisibility() && bare(e)) faults.push('no line around ' + e.localName + '.' + e.className + ' ' + e.textContent.trim().slice(0, 30));
            const control = document.querySelector('main a, main button');
            control.focus({ focusVisible: true });
            const s = getComputedStyle(control);
            if (s.outlineStyle === 'none' || parseFloat(s.outlineWidth) < 2) faults.push('the focus is not seen: ' + s.outline);
            return faults;";
        let faults = browser.execute(script, vec![]).await?;
        assert_eq!(
            faults.json().as_array().map(Vec::len),
            Some(0),
            "{path}: {}",
            faults.json()
        );
    }
    Ok(())
}

/// A page whose data are gone, and one without a database, which nobody can bring about by a page.
#[tokio::test(flavor = "multi_thread")]
async fn m16_the_page_of_a_failure_has_no_barrier() -> Outcome {
    let product = tokio::task::spawn_blocking(|| Product::of_company("")).await?;
    let chromium = Chromium::start().await;
    let outcome = look_at_failure(&chromium, &product).await;
    chromium.quit().await;
    drop(product);
    outcome
}

async fn look_at_failure(chromium: &Chromium, product: &Product) -> Outcome {
    let base = product.base.as_str();
    let client = tokio::task::block_in_place(|| Who::Accountant.client(base));
    chromium.become_(base, &client, "ru", "light").await?;
    let axe = Axe::in_pages_of(chromium).await?;
    let written = tokio::task::block_in_place(|| product.written());
    let change = "alter table accounting.corrections rename column reason to reason_gone";
    tokio::task::block_in_place(|| product.change(change));
    for status in ["500", "503"] {
        if status == "503" {
            tokio::task::block_in_place(|| product.cut_off());
        }
        let page = format!("{base}/accounting/corrections");
        chromium.driver.goto(page).await?;
        let seen = examine(chromium, base, &axe, "ru", ["light", "dark"]).await?;
        assert!(seen.faults.is_empty(), "{status}: {:#?}", seen.faults);
        let says = |word: &String| word == status;
        assert!(seen.words.iter().any(says), "{status}: {:?}", seen.words);
        let foreign = foreign_words(&seen.words, &written);
        assert!(foreign.is_empty(), "{status}: {foreign:?}");
    }
    Ok(())
}

/// All screens, or those that ATES_TEST_SCREENS names a part of.
fn is_asked_for(screen: &Screen) -> bool {
    std::env::var("ATES_TEST_SCREENS").map_or(true, |part| screen.name.contains(&part))
}

#[tokio::test(flavor = "multi_thread")]
async fn m18_what_is_planted_on_a_page_is_found() -> Outcome {
    let product = tokio::task::spawn_blocking(|| Product::of_company("")).await?;
    let chromium = Chromium::start().await;
    let outcome = find_planted(&chromium, &product.base).await;
    chromium.quit().await;
    drop(product);
    outcome
}

/// A page that breaks every rule that the screens are held to, and the judges' word on each.
async fn find_planted(chromium: &Chromium, base: &str) -> Outcome {
    let browser = &chromium.driver;
    let axe = Axe::in_pages_of(chromium).await?;
    browser.goto(format!("{base}/login")).await?;
    drop(Trace::take(browser, base).await?);
    let plant = "const main = document.querySelector('main');
        main.insertAdjacentHTML('beforeend', '<h1>Twice</h1><table><tr><th>Bare</th></tr></table><img src=\"/favicon.ico\"><p id=pale>Pale words</p><div id=wide>Wide</div>');
        const css = document.styleSheets[0];
        css.insertRule('#pale { color: #ccc; background: #fff }');
        css.insertRule('#wide { width: 2000px }');
        document.documentElement.lang = 'xx';
        const script = document.createElement('script');
        script.src = 'http://127.0.0.2:9/foreign.js';
        document.head.append(script);
        console.error('planted');";
    browser.execute(plant, vec![]).await?;
    let seen = Inspection::of(browser, "en", "dark").await?;
    let barriers = axe.violations(browser).await?;
    let said = [seen.faults, barriers].concat().join("\n");
    for fault in [
        "2 headings of the first order",
        "lang is xx",
        "theme is auto",
        "has no caption",
        "without scope",
        "image-alt",
        "color-contrast",
    ] {
        assert!(said.contains(fault), "{fault} is not found: {said}");
    }
    let wide = overflow(browser).await?;
    assert!(wide.is_some_and(|fault| fault.contains("scrolls sideways")));
    let trace = Trace::take(browser, base).await?;
    for error in ["planted", "Content Security Policy"] {
        assert!(
            trace.errors.iter().any(|line| line.contains(error)),
            "{error}: {:?}",
            trace.errors
        );
    }
    browser.refresh().await?;
    let trace = Trace::take(browser, "http://elsewhere.example").await?;
    assert!(!trace.foreign.is_empty(), "requests are not seen");
    let words = ["Войти в Account".to_owned()];
    assert_eq!(foreign_words(&words, &[]).len(), 1);
    assert!(foreign_words(&words, &["Account".to_owned()]).is_empty());
    Ok(())
}
