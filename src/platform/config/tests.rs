//! The settings' own tests.

use super::*;
use crate::platform::i18n::Lang;

fn load(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_values(
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
    )
}

#[test]
fn the_defaults_are_the_brief() {
    let config = load(&[]).unwrap();
    assert_eq!(
        config.fee,
        PriceRange {
            min: Money::from_whole(10),
            max: Money::from_whole(20)
        }
    );
    assert_eq!(
        config.reward,
        PriceRange {
            min: Money::from_whole(20),
            max: Money::from_whole(40)
        }
    );
    assert_eq!(config.zone.0, chrono_tz::Europe::Moscow);
}

#[test]
fn an_unknown_key_is_refused_and_a_near_one_named() {
    let error = load(&[("ATES_TIMEZON", "UTC")]).unwrap_err().to_string();
    assert_eq!(
        error,
        "unknown setting ATES_TIMEZON, did you mean ATES_TIMEZONE?"
    );
}

#[test]
fn a_value_out_of_range_is_refused_in_one_line() {
    for (key, value) in [
        ("ATES_FEE_MIN", "0"),
        ("ATES_FEE_MIN", "21"),
        ("ATES_TIMEZONE", "Mars/Olympus"),
        ("ATES_PAYOUT_AT", "25:00"),
        ("ATES_BIND", "here"),
        ("ATES_BASE_URL", "ftp://example.org"),
        ("ATES_WEB_POOL", "many"),
        ("ATES_PUBLIC_BOARD", "maybe"),
        ("ATES_MAIL_FROM", "nobody"),
        ("ATES_CURRENCY", "roubles"),
        ("ATES_SECOND_FACTOR_ROLES", "administrator,king"),
        ("ATES_SECOND_FACTOR_ROLES", "internalservice"),
        ("ATES_RELAY_NATS_URL", "http://nats.example"),
        ("ATES_RELAY_STREAM", "a.b"),
        ("ATES_RELAY_PREFIX", "evt."),
        ("ATES_WEBHOOKS", "crm https://crm.example secret"),
    ] {
        let error = load(&[(key, value)]).unwrap_err().to_string();
        assert!(
            error.starts_with(key) && !error.contains('\n'),
            "{key}={value}: {error}"
        );
    }
}

#[test]
fn the_readme_lists_every_setting_as_it_is() {
    let readme = include_str!("../../../README.md");
    let (_, rest) = readme.split_once("<!-- settings -->").unwrap();
    let (table, _) = rest.split_once("<!-- /settings -->").unwrap();
    let rows = KEYS.iter().map(|key| {
        let default = if key.default.is_empty() {
            String::new()
        } else {
            format!("`{}`", key.default)
        };
        let meaning = key.meaning(Lang::En);
        format!("| `{}` | {default} | {meaning} |\n", key.name)
    });
    let wanted = format!(
        "\n| key | default | meaning |\n|---|---|---|\n{}",
        rows.collect::<String>()
    );
    assert_eq!(table, wanted);
}

#[test]
fn m17_every_setting_is_explained_in_both_languages_and_nothing_else_is() {
    let is_cyrillic = |letter: char| ('а'..='я').contains(&letter);
    for key in KEYS {
        let (en, ru) = (key.meaning(Lang::En), key.meaning(Lang::Ru));
        assert!(!en.starts_with("setting-"), "{en}");
        assert!(
            !en.contains(is_cyrillic) && ru.contains(is_cyrillic),
            "{ru}"
        );
    }
    let texts = include_str!("../../../i18n/en/ates.ftl");
    assert_eq!(texts.matches("\nsetting-").count(), KEYS.len());
}

#[test]
fn shown_values_hide_passwords() {
    let config = load(&[
        ("DATABASE_URL", "postgres://ates:s3cret@db.example/ates"),
        ("ATES_RELAY_NATS_URL", "nats://s3cret@nats.example"),
    ])
    .unwrap();
    let shown: Vec<String> = config.shown().map(|(_, value)| value).collect();
    assert!(shown.iter().all(|value| !value.contains("s3cret")));
    assert!(shown.contains(&"postgres://ates:***@db.example/ates".to_owned()));
}

#[test]
fn the_companys_account_is_whole_and_right_or_not_there() {
    let name = ("ATES_PAYOUT_DEBTOR_NAME", "UberPopug Inc.");
    let iban = ("ATES_PAYOUT_DEBTOR_IBAN", "DE89 3704 0044 0532 0130 00");
    assert!(load(&[]).unwrap().payout_debtor.is_none());
    let debtor = load(&[name, iban]).unwrap().payout_debtor.unwrap();
    assert_eq!(debtor.iban, "DE89370400440532013000");
    let refused = |pairs: &[(&str, &str)]| load(pairs).unwrap_err().to_string();
    assert!(refused(&[name]).starts_with("ATES_PAYOUT_DEBTOR_IBAN: missing"));
    assert!(refused(&[iban]).starts_with("ATES_PAYOUT_DEBTOR_NAME: missing"));
    let wrong = ("ATES_PAYOUT_DEBTOR_IBAN", "DE89370400440532013001");
    assert!(refused(&[name, wrong]).starts_with("ATES_PAYOUT_DEBTOR_IBAN: "));
    let bic = ("ATES_PAYOUT_DEBTOR_BIC", "BANK");
    assert!(refused(&[name, iban, bic]).starts_with("ATES_PAYOUT_DEBTOR_BIC: "));
}
