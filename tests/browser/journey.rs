//! One day in the company: every role does its job in a real browser.

use ates_browser::{
    Chromium, Outcome, PASSWORD, Product, log_in, press, text_of, type_into, wait_for_text,
};
use thirtyfour::common::print::{PrintMargins, PrintPage, PrintParameters};
use thirtyfour::prelude::*;

#[tokio::test(flavor = "multi_thread")]
async fn one_day_in_the_company() -> Outcome {
    let product = tokio::task::spawn_blocking(|| Product::start("root", PASSWORD)).await?;
    let chromium = Chromium::start().await;
    let outcome = live_through(&chromium.driver, &product).await;
    if outcome.is_err() {
        let address = chromium.driver.current_url().await?;
        eprintln!(
            "the journey stopped at {address}:\n{}",
            chromium.driver.find(By::Tag("body")).await?.text().await?
        );
    }
    chromium.quit().await;
    drop(product);
    outcome
}

async fn live_through(browser: &WebDriver, product: &Product) -> Outcome {
    let base = product.base.as_str();
    let at = |path: &str| format!("{base}{path}");

    log_in(browser, base, "root").await?;
    for (username, role) in [
        ("kesha", "developer"),
        ("roma", "developer"),
        ("boris", "manager"),
        ("anna", "accountant"),
    ] {
        register(browser, base, username, role).await?;
    }
    log_out(browser).await?;

    log_in(browser, base, "kesha").await?;
    browser.goto(at("/tasks/new")).await?;
    type_into(browser, "title", "Fix the perch").await?;
    type_into(browser, "jira_id", "POPUG-1").await?;
    press(browser, "form[action='/tasks'] button").await?;
    wait_for_text(browser, "h1", "[POPUG-1] Fix the perch").await?;
    wait_for_text(browser, "#status", "open").await?;
    let named = text_of(browser, "#assignee").await?.to_lowercase();
    let assignee = ["kesha", "roma", "anna"]
        .into_iter()
        .find(|name| named.contains(name))
        .ok_or("nobody who may have tasks got it")?;
    browser.goto(at("/accounting")).await?;
    wait_for_text(browser, "h1", "Not allowed").await?;
    log_out(browser).await?;

    log_in(browser, base, assignee).await?;
    browser.goto(at("/tasks")).await?;
    wait_for_text(browser, "main", "Fix the perch").await?;
    press(browser, "form[action$='/completion'] button").await?;
    wait_for_text(browser, ".flash", "Fix the perch").await?;
    browser.goto(at("/account")).await?;
    wait_for_text(browser, "main", "+$").await?;
    log_out(browser).await?;

    log_in(browser, base, "boris").await?;
    browser.goto(at("/tasks/new")).await?;
    type_into(browser, "title", "Paint the cage").await?;
    press(browser, "form[action='/tasks'] button").await?;
    wait_for_text(browser, "#status", "open").await?;
    browser.goto(at("/shuffles/new")).await?;
    press(browser, "form[action='/shuffles'] button").await?;
    wait_for_text(browser, "main", "finished").await?;
    log_out(browser).await?;

    log_in(browser, base, assignee).await?;
    browser.goto(at("/account/statements")).await?;
    press(browser, ".actions a").await?;
    wait_for_text(browser, "#statement", "Fix the perch").await?;
    wait_for_text(browser, "#state", "not final").await?;
    prints_on_one_sheet(browser).await?;
    browser.goto(at("/account/statement")).await?;
    wait_for_text(browser, "h1", "Statement of the period").await?;
    prints_on_one_sheet(browser).await?;
    log_out(browser).await?;

    log_in(browser, base, "anna").await?;
    browser.goto(at("/accounting")).await?;
    wait_for_text(browser, "main", "Earned today").await?;
    press(browser, ".actions a").await?;
    press(browser, ".actions a").await?;
    wait_for_text(browser, "#sides", "Both sides of the books agree").await?;
    prints_on_one_sheet(browser).await?;
    log_out(browser).await?;

    log_in(browser, base, "root").await?;
    browser.goto(at("/analytics")).await?;
    wait_for_text(browser, "main", "Fix the perch").await?;
    browser.goto(at("/admin/checks")).await?;
    wait_for_text(browser, "h1", "Checks").await?;
    log_out(browser).await?;

    // Some two hundred lines a person, and still one sheet.
    tokio::task::block_in_place(|| product.import_tasks("boris", 600));
    log_in(browser, base, assignee).await?;
    browser.goto(at("/account/statements")).await?;
    press(browser, ".actions a").await?;
    wait_for_text(browser, "#statement", "Sweep cage").await?;
    browser.find(By::Id("short")).await?;
    prints_on_one_sheet(browser).await?;
    Ok(())
}

/// The page, printed on A4 in portrait with the margins of its style sheet, is one sheet.
async fn prints_on_one_sheet(browser: &WebDriver) -> Outcome {
    let a4 = PrintParameters {
        page: PrintPage {
            width: 21.0,
            height: 29.7,
        },
        margin: PrintMargins {
            top: 1.5,
            bottom: 1.5,
            left: 1.5,
            right: 1.5,
        },
        ..PrintParameters::default()
    };
    let pdf = browser.print_page(a4).await?;
    let text = String::from_utf8_lossy(&pdf);
    let pages = text.matches("/Type /Page\n").count();
    if pages == 1 {
        Ok(())
    } else {
        let address = browser.current_url().await?;
        Err(format!("{address} is printed on {pages} sheets").into())
    }
}

async fn log_out(browser: &WebDriver) -> Outcome {
    browser
        .find(By::Css("details.menu summary"))
        .await?
        .click()
        .await?;
    press(browser, "form[action='/logout'] button").await
}

async fn register(browser: &WebDriver, base: &str, username: &str, role: &str) -> Outcome {
    browser.goto(format!("{base}/admin/users/new")).await?;
    type_into(browser, "username", username).await?;
    type_into(browser, "email", &format!("{username}@uberpopug.example")).await?;
    let name: String = username[..1].to_uppercase() + &username[1..];
    type_into(browser, "name", &name).await?;
    type_into(browser, "surname", "Popug").await?;
    type_into(browser, "password", PASSWORD).await?;
    // A new user is a developer until something else is ticked.
    if role != "developer" {
        for name in ["developer", role] {
            let tick = format!("input[name='roles'][value='{name}']");
            browser.find(By::Css(tick)).await?.click().await?;
        }
    }
    press(browser, "form[action='/admin/users'] button").await?;
    wait_for_text(browser, "main", username).await
}
