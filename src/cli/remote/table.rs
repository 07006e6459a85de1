//! Plain tables: columns as wide as what is in them, for people and for `awk`.

/// Prints rows under their heads. Nothing that a terminal would obey is printed.
pub(super) fn print(heads: &[&str], rows: Vec<Vec<String>>) {
    for line in lines(heads, rows) {
        println!("{line}");
    }
}

fn lines(heads: &[&str], rows: Vec<Vec<String>>) -> Vec<String> {
    let heads = heads.iter().map(|head| head.to_uppercase()).collect();
    let all: Vec<Vec<String>> = std::iter::once(heads)
        .chain(rows)
        .map(|row: Vec<String>| row.into_iter().map(|cell| tame(&cell)).collect())
        .collect();
    let columns = all.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let widths = all.iter().filter_map(|row| row.get(column));
        widths
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    all.iter()
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect()
}

/// A text without control characters: what others wrote must not move a terminal's cursor or colour it.
pub(super) fn tame(text: &str) -> String {
    text.chars()
        .map(|letter| {
            if letter.is_control() {
                '\u{fffd}'
            } else {
                letter
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them_and_control_characters_are_shown_as_such() {
        let rows = vec![
            vec!["1".into(), "кормушка".into()],
            vec!["10".into(), "\u{1b}[31mred".into()],
        ];
        assert_eq!(
            lines(&["no", "title"], rows),
            ["NO  TITLE", "1   кормушка", "10  \u{fffd}[31mred"]
        );
    }
}
