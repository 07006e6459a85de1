//! Corrections: one person asks, another confirms, and the books get a new transfer, never a changed one.

use ates::bus;
use ates::operations;
use diesel::connection::SimpleConnection;
use uuid::Uuid;

use super::books::Books;
use crate::support::database::{count, text};
use crate::support::{Browser, Page, Person, wait_until};

const REASON: &str = "The task was handed out by mistake";

/// An accountant who asks, and an administrator who is somebody else.
fn office(books: &Books) -> (Browser, Browser) {
    let people = books
        .app
        .register_all(&[("buh", &["accountant"]), ("root", &["administrator"])]);
    (books.app.log_in(&people[0]), books.app.log_in(&people[1]))
}

fn ask(browser: &mut Browser, fields: &[(&str, &str)]) -> String {
    let page = browser.post("/accounting/corrections", fields);
    let asked = format!("{}: {}", page.status, page.text());
    page.location.expect(&asked)
}

fn confirm(browser: &mut Browser, correction: &str) -> Page {
    browser.post(&format!("{correction}/confirmation"), &[])
}

fn only_transfer(books: &Books, kind: &str) -> String {
    text(
        &mut books.app.conn(),
        &format!("select id::text as t from accounting.transfers where kind = '{kind}'"),
    )
}

#[test]
fn m43_a_correction_is_asked_by_one_confirmed_by_another_and_shown_in_both_ledgers_and_the_audit() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    books.work(&kesha, 1, 0);
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    let (mut buh, mut root) = office(&books);
    let fee = only_transfer(&books, "assignment_fee");
    let form = buh.get(&format!("/accounting/corrections/new?transfer={fee}"));
    assert_eq!(
        form.attribute("#employee", "value").as_deref(),
        Some("kesha")
    );
    assert_eq!(form.attribute("#amount", "value").as_deref(), Some("10.00"));
    let fields = [
        ("employee", "kesha"),
        ("amount", "10.00"),
        ("reason", REASON),
        ("transfer", &fee),
    ];
    let correction = ask(&mut buh, &fields);
    assert_eq!(books.balance(&kesha), -10, "asking books nothing");
    assert_eq!(
        confirm(&mut buh, &correction).status,
        403,
        "an accountant does not confirm"
    );
    assert_eq!(confirm(&mut root, &correction).status, 303);
    assert_eq!(
        confirm(&mut root, &correction).status,
        409,
        "a decision is final"
    );
    assert_eq!(books.balance(&kesha), 0);

    let own = books
        .app
        .log_in(&kesha)
        .get("/account?from=2026-03-02&to=2026-03-03");
    assert!(own.text().contains(REASON), "{}", own.text());
    assert!(
        !own.text().contains("Correct "),
        "an employee asks for no corrections"
    );
    let company = buh.get("/accounting/days/2026-03-03");
    assert!(company.text().contains(REASON), "{}", company.text());
    assert!(
        !buh.get("/accounting/days/2026-03-02")
            .text()
            .contains(REASON),
        "a closed date stays as it was"
    );
    assert_eq!(
        buh.get("/accounting").all("#company-balance"),
        buh.get("/accounting").all("#company-owed")
    );

    let mut conn = books.app.conn();
    let adjustment = "accounting.transfers where kind = 'adjustment' and business_date = '2026-03-03' and amount_minor = 1000";
    assert_eq!(count(&mut conn, adjustment), 1);
    let booked = "accounting.corrections c join accounting.transfers t on t.id = c.transfer_id
        where c.reason_event_id = t.reason_event_id and c.corrected_date = '2026-03-02' and c.business_date = '2026-03-03'
          and c.task_id = t.task_id";
    assert_eq!(count(&mut conn, booked), 1);
    for action in ["requested", "confirmed"] {
        let written = format!("platform.audit_log where action = 'accounting.correction_{action}' and subject_id = '{}'
            and detail ->> 'reason' = '{REASON}' and actor_id is not null", kesha.id);
        assert_eq!(count(&mut conn, &written), 1, "{action}");
    }
    let told = "bus.events where event_type = 'audit_log_record.created' and payload ->> 'kind' = 'adjustment'";
    assert_eq!(count(&mut conn, told), 1);
    books.app.drain();
    books.app.at("2026-03-04T09:00:00Z");
    books.settle();
    assert_eq!(books.number("select adjustments_minor as n from accounting.statements where business_date = '2026-03-03'
        and adjustments_minor <> 0"), 1_000);
}

#[test]
fn m43_nobody_confirms_their_own_and_what_is_not_confirmed_books_nothing() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let (mut buh, mut root) = office(&books);
    let other = books.app.register("second", &["administrator"]);
    let mut second = books.app.log_in(&other);
    let fields = |amount| {
        [
            ("employee", "kesha@uberpopug.example"),
            ("amount", amount),
            ("reason", REASON),
        ]
    };
    let own = ask(&mut root, &fields("-3"));
    let refused = confirm(&mut root, &own);
    assert_eq!(refused.status, 403);
    assert!(
        refused.text().contains("somebody else has to decide"),
        "{}",
        refused.text()
    );
    assert_eq!(root.post(&format!("{own}/rejection"), &[]).status, 403);
    assert_eq!(buh.post(&format!("{own}/withdrawal"), &[]).status, 409);
    assert_eq!(root.post(&format!("{own}/withdrawal"), &[]).status, 303);
    assert_eq!(confirm(&mut second, &own).status, 409);
    let rejected = ask(&mut buh, &fields("5"));
    assert_eq!(
        second.post(&format!("{rejected}/rejection"), &[]).status,
        303
    );
    assert_eq!(confirm(&mut second, &rejected).status, 409);
    assert_eq!(
        books.number("select count(*) as n from accounting.transfers"),
        0
    );
    assert_eq!(books.balance(&kesha), 0);
    let waiting = buh.get("/accounting/corrections?state=requested");
    assert!(waiting.has(".empty"), "{}", waiting.text());
    assert_eq!(
        buh.get("/accounting/corrections")
            .all("#corrections tbody tr")
            .len(),
        2
    );
    assert_eq!(
        buh.get("/accounting/corrections?state=rejected")
            .all("#corrections tbody tr")
            .len(),
        1
    );
}

#[test]
fn m43_a_transfer_that_was_booked_long_after_its_date_is_found_for_a_correction() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    books.work(&kesha, 1, 1);
    books.app.at("2026-03-20T09:00:00Z");
    books.settle();
    let (mut buh, _) = office(&books);
    let payout = only_transfer(&books, "payout");
    let form = buh.get(&format!("/accounting/corrections/new?transfer={payout}"));
    assert_eq!(
        form.attribute("#employee", "value").as_deref(),
        Some("kesha"),
        "{}",
        form.text()
    );
}

#[test]
fn m43_a_transfer_is_made_good_for_to_the_cent_and_never_beyond() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    books.work(&kesha, 1, 0);
    let (mut buh, mut root) = office(&books);
    let fee = only_transfer(&books, "assignment_fee");
    let form = format!("/accounting/corrections/new?transfer={fee}");
    let fields = |amount: &'static str| {
        [
            ("employee", "kesha".to_owned()),
            ("amount", amount.to_owned()),
            ("reason", REASON.to_owned()),
            ("transfer", fee.clone()),
        ]
    };
    let asked = |browser: &mut Browser, amount| {
        let fields = fields(amount);
        browser.post(
            "/accounting/corrections",
            &fields
                .each_ref()
                .map(|(name, value)| (*name, value.as_str())),
        )
    };
    assert!(!buh.get(&form).has("#earlier"));
    let part = asked(&mut buh, "4").location.unwrap();
    assert!(!root.get(&part).has("#earlier"));
    assert_eq!(confirm(&mut root, &part).status, 303);
    let second = buh.get(&form);
    assert_eq!(
        second.attribute("#amount", "value").as_deref(),
        Some("6.00")
    );
    assert!(
        second.all("#earlier")[0].contains("+$4.00"),
        "{}",
        second.text()
    );
    assert!(
        second.all("#left")[0].contains("+$6.00"),
        "{}",
        second.text()
    );
    for beyond in ["10", "6.01"] {
        let page = asked(&mut buh, beyond);
        assert_eq!(
            (page.status, page.has("#amount[aria-invalid='true']")),
            (422, true),
            "{beyond}"
        );
    }
    let rest = asked(&mut buh, "6").location.unwrap();
    assert!(root.get(&rest).all("#earlier")[0].contains("+$4.00"));
    assert_eq!(confirm(&mut root, &rest).status, 303);
    assert_eq!(books.balance(&kesha), 0);
    assert_eq!(
        buh.get(&form).attribute("#amount", "value").as_deref(),
        Some("")
    );
    assert_eq!(asked(&mut buh, "0.01").status, 422);
    // One that was asked for before such things were refused is not booked either.
    let old = format!(
        "insert into accounting.corrections (id, kind, employee_id, amount_minor, reason, corrected_transfer_id, corrected_date,
           requested_by, requested_at)
         select gen_random_uuid(), 'adjustment', employee_id, 1000, reason, corrected_transfer_id, corrected_date, requested_by,
           requested_at from accounting.corrections where corrected_transfer_id = '{fee}' limit 1"
    );
    books.app.conn().batch_execute(&old).unwrap();
    let old = text(
        &mut books.app.conn(),
        "select '/accounting/corrections/' || id as t from accounting.corrections where state = 'requested'",
    );
    let refused = confirm(&mut root, &old);
    assert_eq!(refused.status, 409);
    assert!(
        refused.text().contains("Less than that is left"),
        "{}",
        refused.text()
    );
    assert_eq!(books.balance(&kesha), 0);
}

#[test]
fn m43_two_administrators_at_once_book_a_correction_once() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let (mut buh, root) = office(&books);
    let other = books.app.register("second", &["administrator"]);
    let second = books.app.log_in(&other);
    for round in 1..=5 {
        let fields = [
            ("employee", "kesha"),
            ("amount", "1.00"),
            ("reason", REASON),
        ];
        let correction = ask(&mut buh, &fields);
        let mut pair = [root.clone(), second.clone()];
        let mut answers: Vec<u16> = std::thread::scope(|scope| {
            let asked: Vec<_> = pair
                .iter_mut()
                .map(|browser| scope.spawn(|| confirm(browser, &correction).status))
                .collect();
            asked
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        answers.sort_unstable();
        assert_eq!(answers, [303, 409]);
        assert_eq!(books.balance(&kesha), round);
    }
}

#[test]
fn m43_the_database_itself_refuses_a_lonely_confirmation_and_every_change() {
    let books = Books::open();
    books.app.register("kesha", &["developer"]);
    let (mut buh, mut root) = office(&books);
    let fields = [
        ("employee", "kesha"),
        ("amount", "1.00"),
        ("reason", REASON),
    ];
    let done = ask(&mut buh, &fields);
    confirm(&mut root, &done);
    let open = ask(&mut buh, &fields);
    let mut conn = books.app.conn();
    let lonely = "update accounting.corrections set state = 'confirmed', decided_by = requested_by, decided_at = now(),
        transfer_id = gen_random_uuid(), business_date = '2026-03-02'";
    for (change, of, why) in [
        (lonely, &open, "corrections_second_person_check"),
        (
            "update accounting.corrections set state = 'rejected', decided_by = requested_by, decided_at = now()",
            &open,
            "second_person",
        ),
        (
            "update accounting.corrections set amount_minor = 2",
            &open,
            "decided once",
        ),
        (
            "update accounting.corrections set reason = 'Something else entirely'",
            &open,
            "decided once",
        ),
        (
            "update accounting.corrections set state = 'requested', decided_by = null, decided_at = null",
            &done,
            "decided once",
        ),
        ("delete from accounting.corrections", &done, "never changed"),
    ] {
        let id = of.rsplit('/').next().unwrap();
        let error = conn
            .batch_execute(&format!("{change} where id = '{id}'"))
            .unwrap_err();
        assert!(error.to_string().contains(why), "{change}: {error}");
    }
}

#[test]
fn m43_wrong_fields_are_named_and_the_same_form_asks_once() {
    let books = Books::open();
    let people = books
        .app
        .register_all(&[("kesha", &["developer"]), ("gosha", &["developer"])]);
    let (mut buh, _) = office(&books);
    books.work(&people[0], 1, 0);
    let fee = only_transfer(&books, "assignment_fee");
    for (employee, amount, reason, transfer, wrong) in [
        ("nobody", "1", REASON, "", "#employee"),
        ("gosha", "1", REASON, fee.as_str(), "#employee"),
        ("kesha", "ten", REASON, "", "#amount"),
        ("kesha", "0", "short", "", "#amount, #reason"),
    ] {
        let fields = [
            ("employee", employee),
            ("amount", amount),
            ("reason", reason),
            ("transfer", transfer),
        ];
        let page = buh.post("/accounting/corrections", &fields);
        assert_eq!(page.status, 422, "{fields:?}");
        let named: Vec<String> = wrong
            .split(", ")
            .map(|field| format!("{field}[aria-invalid='true']"))
            .collect();
        assert!(
            named.iter().all(|field| page.has(field)),
            "{fields:?}: {}",
            page.text()
        );
        assert_eq!(
            page.all("[aria-invalid='true']").len(),
            named.len(),
            "{fields:?}"
        );
        assert_eq!(
            page.attribute("#employee", "value").as_deref(),
            Some(employee)
        );
    }
    let key = Uuid::from_u128(7).to_string();
    let fields = [
        ("employee", "kesha"),
        ("amount", "-0,50"),
        ("reason", REASON),
        ("key", key.as_str()),
    ];
    assert_eq!(ask(&mut buh, &fields), ask(&mut buh, &fields));
    assert_eq!(
        books.number("select count(*) as n from accounting.corrections where amount_minor = -50"),
        1
    );
    assert!(buh.get("/accounting/corrections").text().contains(REASON));
    let russian = books
        .app
        .log_in(&people[0])
        .speaking("ru")
        .get("/accounting/corrections");
    assert_eq!(russian.status, 403);
}

/// Gives up everything about a task that the ledger has not heard yet, as if the first of it had failed for good.
fn kill(books: &Books, key: Uuid) -> Uuid {
    let dead = format!(
        "insert into bus.parked_items (subscriber, item_id, event_id, seq, item_no, sequence_key, state, attempts, error_class, error,
           first_failed_at, last_failed_at)
         select 'accounting.ledger', case when e.subject_id = '{key}' then e.event_id else gen_random_uuid() end, e.event_id, e.seq, 0, '{key}',
           case when row_number() over (order by e.seq) = 1 then 'dead' else 'blocked' end, 20, 'internal', 'poisoned', e.recorded_at,
           e.recorded_at
         from bus.events e join bus.subscribers s on s.name = 'accounting.ledger' and e.seq > s.position
         where e.subject_id = '{key}' or e.payload::text like '%{key}%';
         update bus.subscribers set position = (select max(seq) from bus.events) where name = 'accounting.ledger'"
    );
    books.app.conn().batch_execute(&dead).unwrap();
    let mut conn = books.app.conn();
    let dead = "from bus.parked_items where state = 'dead'";
    let of = |column: &str| format!("select {column}::text as t {dead}");
    let event: Uuid = text(&mut conn, &of("event_id")).parse().unwrap();
    let of_batch = text(&mut conn, &of("item_id")) != event.to_string();
    let item = if of_batch {
        Uuid::new_v5(&event, key.as_bytes())
    } else {
        event
    };
    let named = format!("update bus.parked_items set item_id = '{item}' where state = 'dead'");
    conn.batch_execute(&named).unwrap();
    item
}

fn item_state(books: &Books, item: Uuid) -> String {
    let state = format!("select state as t from bus.parked_items where item_id = '{item}'");
    text(&mut books.app.conn(), &state)
}

fn work_off(books: &Books) {
    wait_until("nothing is retried", || {
        for subscriber in &books.app.services().subscribers() {
            bus::step(books.app.db(), subscriber.as_ref()).unwrap();
        }
        count(
            &mut books.app.conn(),
            "bus.parked_items where state in ('retrying', 'blocked')",
        ) == 0
    });
    books.app.drain();
}

fn ask_skip(browser: &mut Browser, item: Uuid) -> String {
    let address = format!("/accounting/corrections/missing?item={item}");
    let form = browser.get(&address);
    assert_eq!(form.status, 200, "{}", form.text());
    let fields = [
        ("item", item.to_string()),
        ("reason", "The event is poisoned for good".to_owned()),
    ];
    let fields = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let page = browser.post("/accounting/corrections/missing", &fields);
    page.location
        .clone()
        .unwrap_or_else(|| panic!("{}: {}", page.status, page.text()))
}

/// The skip of a dead event as two people do it; the invariants are asked when the books are closed.
fn skip(books: &Books, item: Uuid, who: &Person, amount: Option<&str>, balance: i64) {
    let (mut buh, mut root) = office(books);
    let correction = ask_skip(&mut buh, item);
    assert_eq!(item_state(books, item), "dead", "asking skips nothing");
    if let Some(amount) = amount {
        assert_eq!(root.get(&correction).all("#amount"), [amount]);
    }
    let answer = confirm(&mut root, &correction);
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(item_state(books, item), "skipped");
    work_off(books);
    assert_eq!(books.balance(who), balance);
    let (now, roster) = (books.app.clock().now(), books.app.services().roster());
    let diagnosis = operations::examine(&mut books.app.conn(), &roster, now).unwrap();
    let faults: Vec<String> = diagnosis.faults().collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let mut conn = books.app.conn();
    let resolved = format!(
        "bus.parked_items where item_id = '{item}' and resolved_by is not null
        and resolution_reason like '%The event is poisoned for good%'"
    );
    assert_eq!(count(&mut conn, &resolved), 1);
    assert_eq!(
        count(
            &mut conn,
            "platform.audit_log where action = 'accounting.correction_confirmed'"
        ),
        1
    );
}

#[test]
fn m07_a_dead_assignment_is_skipped_with_its_fee_and_what_waited_behind_it_goes_on() {
    let books = Books::open();
    let people = books
        .app
        .register_all(&[("kesha", &["developer"]), ("gosha", &["developer"])]);
    let task = books.create(&people[0]);
    books.shuffle(&[(task, &people[1])]);
    books.complete(task, &people[1]);
    let item = kill(&books, task);
    books.app.drain();
    skip(&books, item, &people[1], Some("−$10.00"), 20);
    assert_eq!(books.balance(&people[0]), -10);
    let reason = "accounting.transfers t join tasks.journal j on j.event_id = t.reason_event_id and j.task_id = t.task_id
        where t.kind = 'assignment_fee' and j.assignment_seq = 2";
    assert_eq!(
        count(&mut books.app.conn(), reason),
        1,
        "the dead event is the reason of its fee"
    );
}

#[test]
fn m07_a_completion_that_nobody_can_read_is_skipped_with_its_reward_and_the_doctor_agrees() {
    let mut books = Books::open();
    books.app.expect_planted_events();
    let kesha = books.app.register("kesha", &["developer"]);
    let task = books.create(&kesha);
    books.complete(task, &kesha);
    let damage = "set session_replication_role = replica;
        update bus.events set payload = '{\"nonsense\": true}' where event_type = 'task.completed'";
    books.app.conn().batch_execute(damage).unwrap();
    books.app.drain();
    let mut conn = books.app.conn();
    let dead = "select item_id::text as t from bus.parked_items where state = 'dead' and subscriber = 'accounting.ledger'";
    let item: Uuid = text(&mut conn, dead).parse().unwrap();
    let heard_by_others = "delete from bus.parked_items where subscriber <> 'accounting.ledger'";
    conn.batch_execute(heard_by_others).unwrap();
    skip(&books, item, &kesha, Some("+$30.00"), 20);
}

#[test]
fn m04_a_dead_creation_is_skipped_with_the_price_and_the_first_fee() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let task = books.plant(&kesha);
    let item = kill(&books, task);
    books.app.drain();
    skip(
        &books,
        item,
        &kesha,
        Some("the task's price, drawn when it is booked"),
        -10,
    );
    assert_eq!(
        books.number("select count(*) as n from accounting.transfers"),
        1
    );
    assert_eq!(
        books.number("select count(*) as n from tasks.tasks where status = 'open'"),
        1
    );
}

#[test]
fn m07_a_dead_event_that_brings_nothing_is_skipped_with_a_second_look_and_no_transfer() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let task = books.create(&kesha);
    books.tell_assigned(task, &kesha, 1);
    let item = kill(&books, task);
    skip(&books, item, &kesha, None, -10);
    assert_eq!(
        books.number("select count(*) as n from accounting.transfers"),
        1
    );
}

#[test]
fn m07_a_skip_and_its_booking_happen_together_or_not_at_all() {
    let books = Books::open();
    let people = books
        .app
        .register_all(&[("kesha", &["developer"]), ("gosha", &["developer"])]);
    let (mut buh, mut root) = office(&books);
    let task = books.create(&people[0]);
    books.shuffle(&[(task, &people[1])]);
    let item = kill(&books, task);
    let correction = ask_skip(&mut buh, item);
    let again = buh.post(
        "/accounting/corrections/missing",
        &[("item", &item.to_string()), ("reason", REASON)],
    );
    assert_eq!(again.status, 409, "one request for one item");
    // Somebody has it tried again in the meantime: it is not dead any more, so nothing may be booked by hand.
    let retried = format!(
        "update bus.parked_items set state = 'retrying', next_attempt_at = now() where item_id = '{item}'"
    );
    books.app.conn().batch_execute(&retried).unwrap();
    assert_eq!(confirm(&mut root, &correction).status, 409);
    assert_eq!(books.balance(&people[1]), 0);
    assert_eq!(
        count(
            &mut books.app.conn(),
            "accounting.corrections where state = 'requested'"
        ),
        1
    );
    let given_up = format!(
        "update bus.parked_items set state = 'dead', next_attempt_at = null where item_id = '{item}'"
    );
    books.app.conn().batch_execute(&given_up).unwrap();
    assert_eq!(confirm(&mut root, &correction).status, 303);
    assert_eq!(books.balance(&people[1]), -10);
}
