//! What a session was opened with, in words that its owner knows: "Firefox, Windows" rather than what the program calls itself.

/// Browsers by the word that tells them from those whose names they say as well; the first that fits.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("YaBrowser/", "Yandex Browser"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Systems, in the same way.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// Letters of a name that is shown as it came.
const LENGTH: usize = 60;

/// The device of a `User-Agent`. What is no browser is called what it calls itself, up to its version.
pub(super) fn device_of(agent: &str) -> String {
    let named = |names: &[(&str, &'static str)]| {
        let known = names.iter().find(|(word, _)| agent.contains(word));
        known.map(|(_, name)| *name)
    };
    if agent.starts_with("Mozilla/")
        && let Some(browser) = named(&BROWSERS)
    {
        return match named(&SYSTEMS) {
            Some(system) => format!("{browser}, {system}"),
            None => browser.to_owned(),
        };
    }
    let name = agent.split(['/', '(']).next().unwrap_or_default().trim();
    name.chars().take(LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a08_a_device_is_called_by_the_names_that_people_know() {
        for (agent, device) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
                "Chrome, Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36 Edg/141.0",
                "Edge, Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox, Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
                "Safari, macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0 Mobile/15E148 Safari/604.1",
                "Chrome, iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
                "Chrome, Android",
            ),
            ("curl/8.5.0", "curl"),
            ("ates/0.1.0 (terminal)", "ates"),
            ("Mozilla/5.0 (compatible; something else)", "Mozilla"),
            ("", ""),
        ] {
            assert_eq!(device_of(agent), device, "{agent}");
        }
    }
}
