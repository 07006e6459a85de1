//! Where settings come from, and which one was meant.

use std::collections::BTreeMap;
use std::path::Path;

use super::{ConfigError, KEYS};

/// The settings of a TOML file.
pub(super) fn read_toml(path: &Path) -> Result<BTreeMap<String, String>, ConfigError> {
    let failed = |reason: String| ConfigError::File {
        path: path.display().to_string(),
        reason,
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| failed(error.message().to_owned()))?;
    table
        .into_iter()
        .map(|(key, value)| {
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(_) | toml::Value::Boolean(_) => value.to_string(),
                _ => {
                    return Err(failed(format!(
                        "{key}: expected a text, a whole number, true or false"
                    )));
                }
            };
            let known = key == "DATABASE_URL" || key.starts_with("ATES_");
            if known {
                Ok((key, value))
            } else {
                Err(ConfigError::Unknown {
                    near: nearest(&key),
                    key,
                })
            }
        })
        .collect()
}

/// The setting whose name is most like a wrong one.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    KEYS.iter()
        .map(|key| (distance(name, key.name), key.name))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, near)| near)
}

/// Levenshtein's distance between two short words.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let cost = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
