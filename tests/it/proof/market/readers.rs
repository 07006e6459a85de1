//! What readers are given: the pieces of a list joined, the figures of the days, the files, all against the truth.

use std::collections::BTreeMap;

use ates::accounting;
use chrono::NaiveDate;
use serde_json::Value;
use uuid::Uuid;

use super::company::Company;
use super::truth::{Row, Truth};
use crate::support::Api;

const KINDS: [&str; 4] = [
    "assignment_fee",
    "completion_reward",
    "payout",
    "adjustment",
];

/// A row as readers see it.
type Line = (String, String, i64);

fn line(row: &Row) -> Line {
    (row.date.to_string(), row.kind.to_owned(), row.amount)
}

/// Every piece of a list, one after another.
fn joined(api: &Api, path: &str, limit: usize) -> Result<Vec<Value>, String> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    for _ in 0..1_000 {
        let (status, answer) = api.get(&format!("{path}&limit={limit}{cursor}"));
        let Some(piece) = answer["items"].as_array().filter(|_| status == 200) else {
            return Err(format!("{path} answers {status}: {answer}"));
        };
        if piece.len() > limit {
            return Err(format!("{path} gives {} for {limit}", piece.len()));
        }
        items.extend(piece.iter().cloned());
        match answer["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(items),
        }
    }
    Err(format!("{path} has no end"))
}

fn lines(items: &[Value]) -> Vec<Line> {
    let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
    items
        .iter()
        .map(|item| {
            (
                text(item, "business_date"),
                text(item, "kind"),
                item["amount_minor"].as_i64().unwrap_or_default(),
            )
        })
        .collect()
}

fn same(what: &str, mut found: Vec<Line>, mut expected: Vec<Line>) -> Result<(), String> {
    found.sort();
    expected.sort();
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what} gives {found:?}, must give {expected:?}"))
    }
}

/// Asks every reader; `turn` chooses the sizes of the pieces and whose statement is read.
pub fn check(
    company: &Company,
    truth: &Truth,
    first: NaiveDate,
    last: NaiveDate,
    turn: usize,
) -> Result<(), String> {
    let api = company.app.api(&company.people[0]);
    let period = format!("from={first}&to={last}");
    let limit = [1, 2, 5, 17, 50, 100][turn % 6]
        .max(truth.rows.len() / 25)
        .min(100);
    let all = joined(
        &api,
        &format!("/api/v1/accounting/company/transfers?{period}"),
        limit.max(20),
    )?;
    same(
        "the company's log",
        lines(&all),
        truth.rows.iter().map(line).collect(),
    )?;
    let person = truth.somebody(turn);
    let kind = KINDS[turn % 4];
    let path = format!(
        "/api/v1/accounting/company/transfers?{period}&user={}&kind={kind}",
        person.id
    );
    let expected = truth
        .rows
        .iter()
        .filter(|row| row.account == person.id && row.kind == kind);
    same(
        &path,
        lines(&joined(&api, &path, limit)?),
        expected.map(line).collect(),
    )?;
    account(&api, truth, person.id, &period, limit)?;
    earnings(&api, truth, &period)?;
    files(company, truth)
}

/// The pieces of a statement joined are the account's rows and its carried debts, and each balance is the sum so far.
fn account(
    api: &Api,
    truth: &Truth,
    person: Uuid,
    period: &str,
    limit: usize,
) -> Result<(), String> {
    let path = format!("/api/v1/accounting/transfers?{period}&user={person}");
    let items = joined(api, &path, limit)?;
    let mut balance = 0;
    for item in &items {
        let carried = item["kind"] == "debt_carried";
        balance += if carried {
            0
        } else {
            item["amount_minor"].as_i64().unwrap_or_default()
        };
        let shown = item["balance_minor"].as_i64();
        if shown != Some(balance) || (carried && item["amount_minor"].as_i64() != shown) {
            return Err(format!("{path}: {item} at {balance}"));
        }
    }
    let (carried, rows): (Vec<Line>, Vec<Line>) = lines(&items)
        .into_iter()
        .partition(|line| line.1 == "debt_carried");
    let own = truth.rows.iter().filter(|row| row.account == person);
    same(&path, rows, own.map(line).collect())?;
    let debts = truth
        .statements
        .iter()
        .filter(|((_, account), amounts)| *account == person && amounts[5] < 0)
        .filter(|((date, _), _)| {
            period
                .split("to=")
                .nth(1)
                .is_some_and(|to| date.to_string().as_str() < to)
        })
        .map(|((date, _), amounts)| {
            (
                ates::platform::clock::next_day(*date).to_string(),
                "debt_carried".to_owned(),
                amounts[5],
            )
        });
    same("the carried debts", carried, debts.collect())?;
    let (_, head) = api.get(&format!("/api/v1/accounting/balance?user={person}"));
    if head["balance_minor"].as_i64() == Some(balance) {
        Ok(())
    } else {
        Err(format!(
            "the balance of {person} is {head}, its rows make {balance}"
        ))
    }
}

/// The totals of the days are the sums of their rows.
fn earnings(api: &Api, truth: &Truth, period: &str) -> Result<(), String> {
    let mut expected: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for row in &truth.rows {
        let day = expected.entry(row.date.to_string()).or_default();
        match row.kind {
            "assignment_fee" => day.0 -= row.amount,
            "completion_reward" => day.1 += row.amount,
            _ => {}
        }
    }
    expected.retain(|_, day| *day != (0, 0));
    let (status, answer) = api.get(&format!("/api/v1/accounting/company/earnings?{period}"));
    let mut found = BTreeMap::new();
    for item in answer["items"].as_array().into_iter().flatten() {
        let number = |key: &str| item[key].as_i64().unwrap_or_default();
        let day = (number("fees_minor").abs(), number("rewards_minor"));
        if number("earned_minor") != day.0 - day.1 {
            return Err(format!("{item} does not foot"));
        }
        found.insert(
            item["business_date"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            day,
        );
    }
    found.retain(|_, day| *day != (0, 0));
    let total: i64 = expected.values().map(|day| day.0 - day.1).sum();
    if found == expected && answer["total_minor"].as_i64() == Some(total) {
        Ok(())
    } else {
        Err(format!(
            "the earnings are {status} {answer}, must be {expected:?}"
        ))
    }
}

/// A file of a span of dates.
type Export = fn(
    &mut diesel::PgConnection,
    Option<NaiveDate>,
    Option<NaiveDate>,
) -> ates::platform::error::AppResult<Vec<u8>>;

/// The files hold the ledger and the payouts.
fn files(company: &Company, truth: &Truth) -> Result<(), String> {
    let read = |make: Export| {
        company
            .app
            .db()
            .read_blocking(accounting::ROLE, |conn| make(conn, None, None))
            .map_err(|error| error.to_string())
    };
    let cents = |text: &str| text.replace('.', "").parse::<i64>().unwrap_or(i64::MAX);
    let records = |file: Vec<u8>| -> Vec<Vec<String>> {
        let text = String::from_utf8(file).unwrap();
        let lines = text
            .trim_start_matches('\u{FEFF}')
            .split("\r\n")
            .skip(1)
            .filter(|line| !line.is_empty());
        lines
            .map(|line| {
                line.split(',')
                    .map(|cell| cell.trim_matches('"').to_owned())
                    .collect()
            })
            .collect()
    };
    let transfers = records(read(accounting::export_transfers)?);
    let found = transfers
        .iter()
        .map(|cells| (cells[1].clone(), cells[3].clone(), cents(&cells[6])));
    same(
        "the CSV of the transfers",
        found.collect(),
        truth.rows.iter().map(line).collect(),
    )?;
    let payouts = records(read(accounting::export_payouts)?);
    let found = payouts
        .iter()
        .map(|cells| (cells[0].clone(), cells[1].clone(), cents(&cells[4])));
    let expected = truth.rows.iter().filter(|row| row.kind == "payout");
    let expected = expected.map(|row| (row.date.to_string(), row.account.to_string(), -row.amount));
    same(
        "the CSV of the payouts",
        found.collect(),
        expected.collect(),
    )
}
