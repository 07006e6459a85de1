//! What a person does with a page.

use std::time::Duration;

use thirtyfour::prelude::*;

use crate::company::PASSWORD;

/// How a step ends.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Logs somebody in at the log-in page.
pub async fn log_in(browser: &WebDriver, base: &str, username: &str) -> Outcome {
    browser.goto(format!("{base}/login")).await?;
    fill_log_in(browser, username).await
}

/// Sends the log-in form that the browser shows, as somebody of the company.
pub async fn fill_log_in(browser: &WebDriver, username: &str) -> Outcome {
    type_into(browser, "username", username).await?;
    type_into(browser, "password", PASSWORD).await?;
    press(browser, "form[action='/login'] button").await
}

/// Writes into a field in place of what stands there.
pub async fn type_into(browser: &WebDriver, id: &str, text: &str) -> Outcome {
    let field = browser.find(By::Id(id)).await?;
    field.clear().await?;
    field.send_keys(text).await?;
    Ok(())
}

/// Presses a button that leads to another page, and waits until the old page is gone.
pub async fn press(browser: &WebDriver, selector: &str) -> Outcome {
    let old = browser.find(By::Tag("main")).await?;
    browser.find(By::Css(selector)).await?.click().await?;
    old.wait_until()
        .wait(Duration::from_secs(10), Duration::from_millis(20))
        .stale()
        .await?;
    Ok(())
}

/// The text of the first element that a selector finds.
pub async fn text_of(browser: &WebDriver, selector: &str) -> Result<String, WebDriverError> {
    browser.find(By::Css(selector)).await?.text().await
}

/// The beginning of what the link to a row's task says: messages cut the rest of a long title.
pub async fn task_of(browser: &WebDriver, row: &str) -> Result<String, WebDriverError> {
    let title = text_of(browser, &format!("{row} th a")).await?;
    Ok(title.chars().take(40).collect())
}

/// Waits until a script says true; `what` names what was waited for.
pub async fn wait_for(browser: &WebDriver, what: &str, script: &str) -> Outcome {
    for _ in 0..400 {
        // While one page gives way to the next, a script has nowhere to run.
        if let Ok(answer) = browser.execute(format!("return {script}"), vec![]).await
            && answer.json().as_bool() == Some(true)
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let address = browser.current_url().await?;
    let focused = focused(browser).await?;
    Err(format!("{address}: {what} was waited for in vain, the focus is on {focused}").into())
}

/// Waits until an element says something; the page may read itself again meanwhile.
pub async fn wait_for_text(browser: &WebDriver, selector: &str, wanted: &str) -> Outcome {
    let mut last = String::new();
    for _ in 0..400 {
        if let Ok(text) = text_of(browser, selector).await {
            if text.contains(wanted) {
                return Ok(());
            }
            last = text;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let address = browser.current_url().await?;
    let main = text_of(browser, "main").await.unwrap_or_default();
    Err(
        format!("{address}: {selector} never said {wanted:?}, but: {last}\nThe page says: {main}")
            .into(),
    )
}

/// What has the focus, in words such as `a.skip`, `input#title` or `body`.
pub async fn focused(browser: &WebDriver) -> Outcome<String> {
    let script = "const e = document.activeElement; if (!e) return 'nothing';
        return e.localName + (e.id ? '#' + e.id : '') + [...e.classList].map((c) => '.' + c).join('');";
    let answer = browser.execute(script, vec![]).await?;
    Ok(answer.json().as_str().unwrap_or_default().to_owned())
}
