//! The list of common passwords, and what people do to them: capitals, digits for letters, twice the same, something at the ends.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The most common first; where it is from says `common.LICENSE`.
const FILE: &str = include_str!("../common.txt");

/// The shortest entry.
const ENTRY_MIN: usize = 4;
/// A unit up to this length does not become a password by being repeated.
const UNIT_MAX: usize = 8;
/// Steps of runs and keys beside one another that remain for a password to be more than a walk over the keyboard.
const STEPS_MIN: usize = 7;
/// Signs in a row that count as one step.
const RUN_MIN: usize = 3;

/// Rows and columns of keyboards, read in both directions.
const KEYS: [&str; 7] = [
    "`1234567890-=",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "йцукенгшщзхъ",
    "фывапролджэ",
    "ячсмитьбю",
];

static RANKS: LazyLock<HashMap<&'static str, usize>> =
    LazyLock::new(|| FILE.lines().zip(1..).collect());

/// How common an entry is, from 1; none when it is not on the list.
pub(super) fn rank(entry: &str) -> Option<usize> {
    RANKS.get(entry).copied()
}

/// What a password says when digits and signs are read as the letters they stand for: in lower case, without what separates words. A
/// one may be an `i` or an `l`; the first reading leaves all signs as they are.
pub(super) fn readings(password: &str) -> [String; 3] {
    let bare: String = password
        .to_lowercase()
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '_' | '.' | ',' | '/' | '\\'))
        .collect();
    let read = |one: char| bare.chars().map(|c| letter(c, one)).collect();
    [bare.clone(), read('i'), read('l')]
}

fn letter(c: char, one: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => one,
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' | '9' => 'g',
        '7' | '+' => 't',
        '8' => 'b',
        other => other,
    }
}

/// Whether a reading is a common password: an entry, two entries, an entry or a few signs over and over, each with or without digits and
/// signs at the ends, or a walk over the keyboard.
pub(super) fn is_common(reading: &str) -> bool {
    let signs: Vec<char> = reading.chars().collect();
    let core = trimmed(&signs);
    [signs.as_slice(), core]
        .into_iter()
        .any(|signs| is_entry(signs) || is_pair(signs) || is_repeated(signs))
        || steps(&signs) < STEPS_MIN
}

fn is_entry(signs: &[char]) -> bool {
    signs.len() >= ENTRY_MIN && rank(&signs.iter().collect::<String>()).is_some()
}

fn is_pair(signs: &[char]) -> bool {
    (ENTRY_MIN..signs.len().saturating_sub(ENTRY_MIN - 1))
        .any(|middle| is_entry(&signs[..middle]) && is_entry(trimmed_start(&signs[middle..])))
}

/// Whether it begins anew after a few signs, or after an entry, until its end.
fn is_repeated(signs: &[char]) -> bool {
    (1..=signs.len() / 2).any(|unit| {
        let again = signs[unit..]
            .iter()
            .zip(signs)
            .all(|(one, other)| one == other);
        again && (unit <= UNIT_MAX || is_entry(&signs[..unit]))
    })
}

/// Without what is no letter at both ends.
fn trimmed(signs: &[char]) -> &[char] {
    let signs = trimmed_start(signs);
    let end = signs.iter().rposition(|c| c.is_alphabetic());
    end.map_or(&[], |end| &signs[..=end])
}

fn trimmed_start(signs: &[char]) -> &[char] {
    let start = signs.iter().position(|c| c.is_alphabetic());
    start.map_or(signs, |start| &signs[start..])
}

/// How many steps it has, where signs that follow one another on the keyboard, in the alphabet or in counting are one step.
fn steps(signs: &[char]) -> usize {
    let mut steps = 0;
    let mut rest = signs;
    while !rest.is_empty() {
        let run = run_of(rest);
        rest = &rest[if run >= RUN_MIN { run } else { 1 }..];
        steps += 1;
    }
    steps
}

/// How many signs at the beginning follow one another in one direction.
pub(super) fn run_of(signs: &[char]) -> usize {
    let follows = |direction: i32| {
        1 + signs
            .windows(2)
            .take_while(|pair| step(pair[0], pair[1]) == Some(direction))
            .count()
    };
    [-1, 0, 1].into_iter().map(follows).max().unwrap_or(1)
}

/// The direction in which one sign follows another.
fn step(one: char, other: char) -> Option<i32> {
    let distance = i64::from(u32::from(other)) - i64::from(u32::from(one));
    if one.is_alphanumeric() && other.is_alphanumeric() && distance.abs() <= 1 {
        return i32::try_from(distance).ok();
    }
    KEYS.iter().find_map(|row| {
        let place = |wanted| row.chars().position(|key| key == wanted);
        match place(other)?.checked_signed_diff(place(one)?)? {
            1 => Some(1),
            -1 => Some(-1),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_long_ranked_and_without_doubles() {
        assert!(RANKS.len() >= 3_000);
        assert_eq!(RANKS.len(), FILE.lines().count());
        assert_eq!(rank("123456"), Some(1));
        assert!(FILE.lines().all(|entry| entry == entry.to_lowercase()
            && entry.trim() == entry
            && entry.chars().count() >= ENTRY_MIN));
    }

    #[test]
    fn signs_are_read_as_the_letters_they_stand_for() {
        let [bare, i, l] = readings("P@ss-W0rd 1");
        assert_eq!(bare, "p@ssw0rd1");
        assert_eq!((i.as_str(), l.as_str()), ("passwordi", "passwordl"));
    }
}
