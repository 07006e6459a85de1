//! Every pair of colours that pages put together, computed from the tokens of the style sheet, in both themes.

use std::collections::BTreeMap;

const STYLE: &str = include_str!("../../static/app.css");

/// What text needs (WCAG 1.4.3), and what controls, focus rings and lines of charts need (1.4.11).
const TEXT: f64 = 4.5;
const CONTROL: f64 = 3.0;

/// Paper, cards, and stripes.
const GROUNDS: [&str; 3] = ["canvas", "surface", "surface-2"];

/// Text on a ground of its own.
const OWN_GROUNDS: &[(&str, &str)] = &[
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("accent", "chip-ok"),
    ("ink", "chip-ok"),
    ("ink-2", "chip-ok"),
    ("ink-3", "chip-ok"),
    ("link", "chip-ok"),
    ("neg", "chip-bad"),
    ("ink", "chip-bad"),
    ("warn", "chip-wait"),
    ("ink", "chip-wait"),
    ("link", "chip-info"),
    ("ink", "chip-info"),
    ("ink", "chip-neutral"),
    ("ink-2", "chip-neutral"),
];

/// Red, green and blue of a theme's tokens.
type Tokens = BTreeMap<String, [u8; 3]>;

/// The tokens of the light theme and those of the dark one.
fn tokens(style: &str) -> [Tokens; 2] {
    let mut themes = [Tokens::new(), Tokens::new()];
    for line in style.lines() {
        let Some((name, rest)) = line
            .trim()
            .strip_prefix("--")
            .and_then(|line| line.split_once(": light-dark("))
        else {
            continue;
        };
        let colours = rest.split(')').next().unwrap();
        for (theme, colour) in themes.iter_mut().zip(colours.split(',')) {
            theme.insert(name.to_owned(), parse(colour.trim()));
        }
    }
    themes
}

fn parse(colour: &str) -> [u8; 3] {
    let digits = colour.strip_prefix('#').unwrap();
    let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    [part(0), part(2), part(4)]
}

/// The relative luminance as WCAG defines it.
fn luminance(colour: [u8; 3]) -> f64 {
    let [red, green, blue] = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The pairs that are too close to each other.
fn too_close(style: &str) -> Vec<String> {
    let mut pairs: Vec<(&str, &str, f64)> = Vec::new();
    for ground in GROUNDS {
        for text in [
            "ink",
            "ink-2",
            "ink-3",
            "accent",
            "accent-hover",
            "neg",
            "warn",
            "link",
        ] {
            pairs.push((text, ground, TEXT));
        }
        pairs.push(("line-strong", ground, CONTROL));
    }
    pairs.extend(
        OWN_GROUNDS
            .iter()
            .map(|(text, ground)| (*text, *ground, TEXT)),
    );
    let mut found = Vec::new();
    for (theme, colours) in ["light", "dark"].iter().zip(tokens(style)) {
        let series = colours
            .keys()
            .filter(|name| name.starts_with("series") || name.starts_with("chart"));
        let all = pairs
            .iter()
            .copied()
            .chain(series.map(|name| (name.as_str(), "surface", CONTROL)));
        for (text, ground, wanted) in all {
            let ratio = contrast(colours[text], colours[ground]);
            if ratio < wanted {
                found.push(format!(
                    "{theme}: {text} on {ground} has {ratio:.2}, not {wanted}"
                ));
            }
        }
    }
    found
}

#[test]
fn m18_every_text_and_every_control_stands_out_from_its_ground_in_both_themes() {
    let [light, dark] = tokens(STYLE);
    assert!(light.len() >= 19 && light.len() == dark.len(), "{light:?}");
    let found = too_close(STYLE);
    assert!(found.is_empty(), "{found:#?}");
}

/// So what a theme does to a page is judged by its colours alone.
#[test]
fn m18_a_theme_changes_nothing_but_colours() {
    let rules: Vec<&str> = STYLE
        .lines()
        .filter(|line| line.contains("data-theme") || line.contains("prefers-color-scheme"))
        .map(str::trim)
        .collect();
    let wanted = ["light", "dark"]
        .map(|theme| format!("[data-theme=\"{theme}\"] {{ color-scheme: {theme}; }}"));
    assert_eq!(rules, wanted);
}

#[test]
fn m18_a_pale_grey_is_found() {
    assert!((contrast([0, 0, 0], [255, 255, 255]) - 21.0).abs() < 0.01);
    let pale = STYLE.replace("--ink-3: light-dark(#626B65", "--ink-3: light-dark(#9AA39D");
    assert_ne!(pale, STYLE);
    assert!(
        too_close(&pale)
            .iter()
            .any(|line| line.contains("light: ink-3 on canvas"))
    );
}
