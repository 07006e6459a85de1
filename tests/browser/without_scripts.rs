//! What works with scripts switched off, in the browser that would run them.

use ates_browser::{
    Chromium, Outcome, Product, fill_log_in, press, task_of, type_into, wait_for_text,
};
use serde_json::json;
use thirtyfour::prelude::*;

#[tokio::test(flavor = "multi_thread")]
async fn m18_a_day_is_lived_without_scripts() -> Outcome {
    let product = tokio::task::spawn_blocking(|| Product::of_company("")).await?;
    let chromium = Chromium::start().await;
    let outcome = live(&chromium.driver, &product.base).await;
    chromium.quit().await;
    drop(product);
    outcome
}

async fn live(browser: &WebDriver, base: &str) -> Outcome {
    let at = |path: &str| format!("{base}{path}");
    browser
        .cdp()
        .send_raw(
            "Emulation.setScriptExecutionDisabled",
            json!({ "value": true }),
        )
        .await?;

    // The wrong password first: the page says so and keeps the name.
    browser.goto(at("/login")).await?;
    type_into(browser, "username", "developer").await?;
    type_into(browser, "password", "not this one").await?;
    press(browser, "form[action='/login'] button").await?;
    wait_for_text(browser, ".error-summary", "wrong").await?;
    enter(browser, "developer").await?;

    // Completing leads back with a word about task and sum.
    browser.goto(at("/tasks")).await?;
    let row = "#mine tbody tr:has(form)";
    let title = task_of(browser, row).await?;
    press(browser, &format!("{row} form button")).await?;
    wait_for_text(browser, ".flash", &title).await?;
    wait_for_text(browser, ".flash", "+$").await?;

    // A new task with a mistake, and then without.
    browser.goto(at("/tasks/new")).await?;
    press(browser, "form[action='/tasks'] button").await?;
    browser
        .find(By::Css(".error-summary a[href='#title']"))
        .await?;
    type_into(browser, "title", "Sweep without scripts").await?;
    press(browser, "form[action='/tasks'] button").await?;
    wait_for_text(browser, "h1", "Sweep without scripts").await?;
    log_out(browser).await?;

    // Filters are a form, and pages of a list are links.
    enter(browser, "manager").await?;
    browser.goto(at("/tasks/all")).await?;
    type_into(browser, "q", "Sweep without scripts").await?;
    press(browser, "form.filters button").await?;
    wait_for_text(browser, "main table", "Sweep without scripts").await?;
    browser.goto(at("/tasks/all")).await?;
    press(browser, "a[rel='next']").await?;

    // A shuffle is followed to its end by a page that reads itself again.
    browser.goto(at("/shuffles/new")).await?;
    press(browser, "form[action='/shuffles'] button").await?;
    wait_for_text(browser, "main", "finished").await?;
    log_out(browser).await?;

    // Parked events are retried from a page that names their number.
    enter(browser, "administrator").await?;
    browser.goto(at("/admin/dead-letters")).await?;
    let ticks = browser
        .find_all(By::Css("main tbody input[type='checkbox']"))
        .await?;
    for tick in ticks.into_iter().take(3) {
        tick.click().await?;
    }
    press(browser, "button[name='act'][value='retry']").await?;
    wait_for_text(browser, "#consequence", "3").await?;
    press(browser, "#decide button").await?;
    wait_for_text(browser, ".flash", "3").await
}

/// Logs in by the form that is shown, and waits for the page that says who one is. The door may ask for a moment's patience, since
/// the wrong password was only just tried: then the form is sent again.
async fn enter(browser: &WebDriver, username: &str) -> Outcome {
    for _ in 0..100 {
        fill_log_in(browser, username).await?;
        let hasty = browser.find(By::Css(".error-summary")).await;
        if !matches!(hasty, Ok(words) if words.text().await?.contains("Try again in")) {
            break;
        }
    }
    wait_for_text(browser, "details.menu summary", username).await
}

async fn log_out(browser: &WebDriver) -> Outcome {
    browser
        .find(By::Css("details.menu summary"))
        .await?
        .click()
        .await?;
    press(browser, "form[action='/logout'] button").await?;
    wait_for_text(browser, "form[action='/login'] button", "Log in").await
}
