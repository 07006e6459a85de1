//! Texts as they are stored and looked for.

use icu_normalizer::ComposingNormalizerBorrowed;

/// The text in Unicode's composed form, NFC: what looks the same is stored the same, so it is found and compared the same (A54).
#[must_use]
pub fn composed(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc()
        .normalize(text)
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a54_what_looks_the_same_is_the_same() {
        assert_eq!(
            composed("И\u{306}од, е\u{308}ж, cafe\u{301}"),
            "Йод, ёж, café"
        );
        assert_eq!(composed("Йод, ёж, café"), "Йод, ёж, café");
    }
}
