//! How strong a password is, by how many guesses somebody needs who knows the common ones, keyboards and words.

use super::common::{rank, readings, run_of};
use super::{CONTEXT, check_password};
use crate::platform::error::Message;

/// What is thought of a new password.
#[derive(Clone, Debug)]
pub struct Strength {
    /// From 0, which is refused, to 4.
    pub score: u8,
    /// The same in words; why, where it is refused.
    pub words: Message,
}

/// Bits from which a password is fair, good, strong.
const STEPS: [(f64, &str); 3] = [
    (75.0, "strength-strong"),
    (55.0, "strength-good"),
    (40.0, "strength-fair"),
];

/// Bits of a letter in a word that is on no list: languages repeat themselves.
const LETTER: f64 = 2.5;
/// Bits of a letter that is in no word.
const LONE_LETTER: f64 = 4.5;
/// Letters in a row from which they may be a word.
const WORD_MIN: usize = 3;
/// Bits of a digit.
const DIGIT: f64 = 3.3;
/// Bits of any other sign.
const SIGN: f64 = 4.5;
/// Bits of a run of keys or of what was there before.
const RUN: f64 = 4.0;
/// The longest entry that is looked for.
const ENTRY_MAX: usize = 20;

/// Judges a new password of whoever has this log-in name and address, which may be empty.
#[must_use]
pub fn judge(password: &str, username: &str, email: &str) -> Strength {
    if let Err(words) = check_password(password, username, email) {
        return Strength { score: 0, words };
    }
    let bits = bits(password);
    let step = STEPS
        .iter()
        .zip([4, 3, 2])
        .find(|((least, _), _)| bits >= *least);
    let (score, words) = step.map_or((1, "strength-weak"), |((_, words), score)| (score, *words));
    Strength {
        score,
        words: Message::new(words),
    }
}

fn bits(password: &str) -> f64 {
    let capitals = password
        .chars()
        .skip(1)
        .filter(|c| c.is_uppercase())
        .count();
    let capitals = f64::from(u32::try_from(capitals.min(4)).unwrap_or(4));
    let words = password.split_whitespace().count().saturating_sub(1);
    let words = f64::from(u32::try_from(words).unwrap_or(u32::MAX));
    let readings = readings(password).map(|reading| reading.chars().collect::<Vec<_>>());
    let least = readings
        .iter()
        .map(|reading| bits_of(reading, &readings[0]))
        .fold(f64::INFINITY, f64::min);
    least + capitals + words
}

/// Takes entries of the list, runs and single signs off the beginning of a reading, one after another; a sign by itself is what it is
/// in the first reading.
fn bits_of(signs: &[char], bare: &[char]) -> f64 {
    let words = letters_in_a_row(bare);
    let mut seen: Vec<&[char]> = Vec::new();
    let (mut at, mut bits) = (0, 0.0);
    while at < signs.len() {
        let rest = &signs[at..];
        let (length, cost) = match (entry_of(rest), run_of(rest)) {
            (Some((length, cost)), run) if length >= run => (length, cost),
            (_, run) if run >= 3 => (run, RUN),
            _ => (1, cost_of(bare[at], words[at])),
        };
        let part = &rest[..length];
        bits += if length > 1 && seen.contains(&part) {
            1.0
        } else {
            cost
        };
        seen.push(part);
        at += length;
    }
    bits
}

/// At each sign, how many letters stand in a row there.
fn letters_in_a_row(signs: &[char]) -> Vec<usize> {
    signs
        .chunk_by(|one, other| one.is_alphabetic() == other.is_alphabetic())
        .flat_map(|chunk| {
            let letters = if chunk[0].is_alphabetic() {
                chunk.len()
            } else {
                0
            };
            std::iter::repeat_n(letters, chunk.len())
        })
        .collect()
}

/// The longest entry of the list at the beginning, with its bits: common words come first.
fn entry_of(signs: &[char]) -> Option<(usize, f64)> {
    (4..=signs.len().min(ENTRY_MAX)).rev().find_map(|length| {
        let entry: String = signs[..length].iter().collect();
        if CONTEXT.contains(&entry.as_str()) {
            return Some((length, 1.0));
        }
        let rank = u32::try_from(rank(&entry)?).ok()?;
        Some((length, f64::from(rank + 1).log2() + 1.0))
    })
}

fn cost_of(sign: char, in_a_row: usize) -> f64 {
    if sign.is_numeric() {
        DIGIT
    } else if !sign.is_alphabetic() {
        SIGN
    } else if in_a_row < WORD_MIN {
        LONE_LETTER
    } else {
        LETTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_and_rarer_is_stronger() {
        let score = |password: &str| judge(password, "kesha", "").score;
        assert_eq!(score("too short"), 0);
        assert_eq!(score("password123456789"), 0);
        assert_eq!(score("purple dragon monkey"), 1);
        assert!(score("an owl reads at dusk") >= 2);
        assert!(score("correct horse battery staple") >= 3);
        assert_eq!(score("Vq7#mz2!Lr9@wk5$Tx8%nd3^"), 4);
        assert!(
            score("an owl reads at dusk, and a heron too") > score("an owl reads at dusk"),
            "more words"
        );
    }
}
