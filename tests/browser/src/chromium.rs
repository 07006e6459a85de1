//! A headless browser with its driver.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use thirtyfour::common::log::LoggingPrefsLogLevel;
use thirtyfour::prelude::*;

use crate::client::Client;
use crate::product::{free_port, wait_for_port};
use crate::steps::Outcome;

/// A browser with an empty profile; it ends with its driver.
pub struct Chromium {
    driver_process: Child,
    profile: PathBuf,
    /// The way to steer it.
    pub driver: WebDriver,
}

impl Chromium {
    /// Starts the driver and a fresh browser.
    pub async fn start() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = free_port();
        let driver_process = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .spawn()
            .expect("chromedriver is installed");
        wait_for_port(port);
        let name = format!("ates-browser-{}-{number}", std::process::id());
        let profile = std::env::temp_dir().join(name);
        let mut wishes = DesiredCapabilities::chrome();
        for flag in [
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--hide-scrollbars".to_owned(),
            // Nothing moves while it is looked at.
            "--force-prefers-reduced-motion".to_owned(),
            "--lang=en".to_owned(),
            "--window-size=1280,900".to_owned(),
            format!("--user-data-dir={}", profile.display()),
        ] {
            wishes.add_arg(&flag).expect("a flag");
        }
        for log in ["browser", "performance"] {
            wishes
                .set_logging_prefs(log, LoggingPrefsLogLevel::All)
                .expect("a wish");
        }
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), wishes)
            .await
            .expect("a browser");
        Self {
            driver_process,
            profile,
            driver,
        }
    }

    /// Makes the page as wide as asked for, in CSS pixels, however small; a window cannot be that small.
    pub async fn resize(&self, width: u32, height: u32) -> Outcome {
        let measures =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.driver
            .cdp()
            .send_raw("Emulation.setDeviceMetricsOverride", measures)
            .await?;
        Ok(())
    }

    /// Lets the system choose the colours, as Windows does in its contrast themes.
    pub async fn force_colours(&self) -> Outcome {
        let features = json!({ "features": [{ "name": "forced-colors", "value": "active" }] });
        self.driver
            .cdp()
            .send_raw("Emulation.setEmulatedMedia", features)
            .await?;
        Ok(())
    }

    /// What the browser tells a screen reader of the page that is open.
    pub async fn accessibility_tree(&self) -> Outcome<Value> {
        let cdp = self.driver.cdp();
        Ok(cdp
            .send_raw("Accessibility.getFullAXTree", json!({}))
            .await?)
    }

    /// Becomes the browser of whoever a client is logged in as, with this language and theme.
    pub async fn become_(&self, base: &str, client: &Client, lang: &str, theme: &str) -> Outcome {
        let cookies = |name: &str, value: &str| json!({ "name": name, "value": value, "url": base, "httpOnly": true, "sameSite": "Lax" });
        let mut all: Vec<_> = client
            .cookies()
            .into_iter()
            .map(|(name, value)| cookies(name, value))
            .collect();
        all.push(cookies("ates_lang", lang));
        all.push(cookies("ates_theme", theme));
        let cdp = self.driver.cdp();
        cdp.send_raw("Network.clearBrowserCookies", json!({}))
            .await?;
        cdp.send_raw("Network.setCookies", json!({ "cookies": all }))
            .await?;
        Ok(())
    }

    /// The whole page as a PNG in a window of this width and at least this height, up to `tallest`.
    pub async fn picture(&self, width: u32, height: u32, tallest: u32) -> Outcome<Vec<u8>> {
        self.resize(width, height).await?;
        let script = "return document.documentElement.scrollHeight";
        let whole = self.driver.execute(script, vec![]).await?;
        let whole = whole.json().as_u64().unwrap_or_default();
        let whole = u32::try_from(whole).unwrap_or(tallest);
        self.resize(width, whole.clamp(height, tallest)).await?;
        let loaded = "const done = arguments[0];
            for (const picture of document.images) picture.loading = 'eager';
            Promise.all([...document.images].map((picture) => picture.decode().catch(() => {}))).then(() => done(true));";
        self.driver.execute_async(loaded, vec![]).await?;
        Ok(self.driver.screenshot_as_png().await?)
    }

    /// Ends the browser and its driver.
    pub async fn quit(mut self) {
        self.driver.clone().quit().await.expect("the browser ends");
        drop(self.driver_process.kill());
        drop(self.driver_process.wait());
        drop(std::fs::remove_dir_all(&self.profile));
    }
}
