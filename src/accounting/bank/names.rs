//! Names in the letters that banks take.

use sepa::{Transliteration, transliterate};

/// The longest name in a payment file.
const NAME: usize = 70;

/// A name in the characters that banks take, at most 70 of them. Russian letters as Russians write them, everything else by the
/// table of the European Payments Council, which has Bulgarian in mind.
pub(super) fn latin(name: &str) -> String {
    let mut russian = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            'ё' | 'э' => russian.push('e'),
            'Ё' | 'Э' => russian.push('E'),
            'ы' => russian.push('y'),
            'Ы' => russian.push('Y'),
            'щ' => russian += "shch",
            'Щ' => russian += "Shch",
            'ж' => russian += "zh",
            'Ж' => russian += "Zh",
            'х' => russian += "kh",
            'Х' => russian += "Kh",
            'ц' => russian += "ts",
            'Ц' => russian += "Ts",
            'ч' => russian += "ch",
            'Ч' => russian += "Ch",
            'ш' => russian += "sh",
            'Ш' => russian += "Sh",
            'ю' => russian += "yu",
            'Ю' => russian += "Yu",
            'я' => russian += "ya",
            'Я' => russian += "Ya",
            '«' | '»' | '„' | '“' | '”' => russian.push('\''),
            'ъ' | 'Ъ' | 'ь' | 'Ь' => {}
            other => russian.push(other),
        }
    }
    let text: String = transliterate(russian.trim(), Transliteration::German)
        .chars()
        .take(NAME)
        .collect();
    let text = text.trim();
    if text.is_empty() {
        "NOTPROVIDED".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_in_the_letters_that_banks_take() {
        for (name, expected) in [
            ("Кеша Попугаев", "Kesha Popugaev"),
            ("Щукин Эдуард Ёжикович", "Shchukin Eduard Ezhikovich"),
            ("Андрей Цыганов-Мышь", "Andrey Tsyganov-Mysh"),
            ("ООО «Убер Попуг»", "OOO 'Uber Popug'"),
            ("Jürgen Größe & Söhne", "Juergen Groesse + Soehne"),
            ("  ", "NOTPROVIDED"),
            ("Kesha <b>", "Kesha (b)"),
        ] {
            assert_eq!(latin(name), expected);
        }
        assert_eq!(latin(&"я".repeat(200)).len(), 70);
        assert!(sepa::is_sepa_text(&latin("漢字 🦜 Kesha")));
    }
}
