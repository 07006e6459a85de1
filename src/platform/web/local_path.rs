//! Places to send a visitor on to: only paths of this site (A43).

use std::fmt;

/// A path of this site with its query, safe as the target of a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// The path, unless a browser could take it for an address elsewhere: it starts with a single `/` and has neither
    /// backslashes, control characters, dot segments nor their escaped forms before the query.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        const ESCAPED: [&str; 7] = ["%5c", "%2f", "%2e", "%09", "%0a", "%0d", "%00"];
        let path = text.split(['?', '#']).next().unwrap_or_default();
        let lower = path.to_ascii_lowercase();
        let refused = !text.starts_with('/')
            || text.len() > 2_000
            || text.contains(|c: char| c == '\\' || c.is_control() || c.is_whitespace())
            || path.contains("//")
            || path
                .split('/')
                .any(|segment| segment == "." || segment == "..")
            || ESCAPED.iter().any(|escaped| lower.contains(escaped));
        (!refused).then(|| Self(text.to_owned()))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a43_only_paths_of_this_site_are_taken() {
        for good in [
            "/",
            "/tasks",
            "/tasks/all?q=a//b&status=open",
            "/account?from=2026-11-01",
        ] {
            assert!(LocalPath::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "tasks",
            "//evil.example",
            "/\\evil.example",
            "/a/../\\evil.example",
            "/a/../b",
            "/.//evil.example",
            "/%5cevil.example",
            "/%09/evil.example",
            "/%2Fevil.example",
            "/\t/evil.example",
            "/a\nSet-Cookie: x",
            "https://evil.example",
            "javascript:alert(1)",
        ] {
            assert!(LocalPath::parse(bad).is_none(), "{bad}");
        }
    }
}
