use super::*;
use uuid::Uuid;

use crate::accounting::store::{DayDigest, Figures};
use crate::platform::money::Money;

fn mail(attempts: i32) -> ClaimedMail {
    ClaimedMail {
        id: Uuid::nil(),
        message_id: "<payout.2026-03-02.x@uberpopug.example>".into(),
        kind: "payout".into(),
        employee_id: Uuid::nil(),
        business_date: "2026-03-02".parse().unwrap(),
        recipient: "kesha@uberpopug.example".into(),
        recipient_name: "Кеша <Popug>".into(),
        language: "ru".into(),
        amount_minor: Money::from_whole(1_250),
        attempts,
        retry_since: DateTime::UNIX_EPOCH,
        claimed_until: DateTime::UNIX_EPOCH,
    }
}

fn config() -> Config {
    let values = [("ATES_BASE_URL", "https://ates.example/")];
    Config::from_values(values.map(|(key, value)| (key.to_owned(), value.to_owned()))).unwrap()
}

fn monday() -> Matter {
    Matter::Payout(Some(Figures {
        opening_minor: Money::from_whole(-20),
        fees_minor: Money::from_whole(-30),
        rewards_minor: Money::from_whole(1_300),
        payout_minor: Money::from_whole(1_250),
        ..Figures::default()
    }))
}

#[test]
fn m36_a_letter_names_the_person_and_the_sum_and_is_safe_as_html() {
    let letter = Letters::new(&config()).of(&mail(1), &monday()).unwrap();
    assert!(letter.text.contains("Кеша <Popug>"), "{}", letter.text);
    assert!(
        letter.html.contains("Кеша &#60;Popug&#62;"),
        "{}",
        letter.html
    );
    for part in [&letter.subject, &letter.text, &letter.html] {
        assert!(part.contains("1\u{a0}250,00\u{a0}$"), "{part}");
    }
    assert!(
        letter
            .text
            .contains("https://ates.example/account/statements/2026-03-02\n"),
        "{}",
        letter.text
    );
    for part in [&letter.text, &letter.html] {
        for figure in ["−20,00\u{a0}$", "−30,00\u{a0}$", "+1\u{a0}300,00\u{a0}$"] {
            assert!(part.contains(figure), "{figure} in {part}");
        }
    }
}

#[test]
fn the_digest_of_a_day_is_in_its_letter_and_so_is_the_way_to_compute_it_again() {
    let mail = ClaimedMail {
        kind: "day_digest".into(),
        language: "en".into(),
        ..mail(1)
    };
    let digest = Matter::Digest(Some(DayDigest {
        fees_minor: Money::from_whole(90),
        rewards_minor: Money::from_whole(70),
        paid_minor: Money::from_whole(1_250),
        people: 3,
        negative_balances: 2,
        held: 1,
        held_now: 4,
        transfers: 12,
        digest: vec![0xab; 32],
    }));
    let letter = Letters::new(&config()).of(&mail, &digest).unwrap();
    for part in [&letter.text, &letter.html] {
        assert!(part.contains(&"ab".repeat(32)), "{part}");
        assert!(part.contains("docs/verify-seals.sql"), "{part}");
        assert!(part.contains("$1,250.00"), "{part}");
        assert!(part.contains("Accounts held now"), "{part}");
    }
}
