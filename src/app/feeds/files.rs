//! The files themselves.

use atom_syndication::{Category, Entry, Feed, Link, Person, Text};
use chrono::{DateTime, NaiveDate, Utc};
use i18n_embed_fl::fl;
use icalendar::{Calendar, Component, Event, EventLike};
use url::Url;
use uuid::Uuid;

use crate::accounting::PaidDay;
use crate::auth::FeedReader;
use crate::platform::clock::next_day;
use crate::platform::config::Config;
use crate::platform::i18n;
use crate::tasks::{self, OwnTask};

/// The address of a page of ours.
fn page(base: &Url, path: &str) -> String {
    base.join(path)
        .map_or_else(|_| path.to_owned(), |page| page.to_string())
}

/// Somebody's open tasks.
pub(super) fn atom(
    reader: &FeedReader,
    base: &Url,
    to_do: &[OwnTask],
    now: DateTime<Utc>,
) -> String {
    let l = reader.lang.loader();
    let link = |path: &str| Link {
        href: page(base, path),
        rel: "alternate".to_owned(),
        mime_type: Some("text/html".to_owned()),
        ..Link::default()
    };
    let entry = |task: &OwnTask| {
        let status = tasks::status_word(l, task.status);
        Entry {
            title: Text::plain(format!("T-{} {}", task.number, task.title)),
            id: format!("urn:uuid:{}", task.id),
            updated: task.updated_at.fixed_offset(),
            published: Some(task.created_at.fixed_offset()),
            links: vec![link(&format!("/tasks/{}", task.id))],
            categories: vec![Category {
                term: task.status.as_str().to_owned(),
                label: Some(status.clone()),
                ..Category::default()
            }],
            summary: Some(Text::plain(status)),
            ..Entry::default()
        }
    };
    let latest = to_do.iter().map(|task| task.updated_at).max();
    let feed = Feed {
        title: Text::plain(fl!(l, "feed-atom-title")),
        id: format!(
            "urn:uuid:{}",
            Uuid::new_v5(&reader.actor.id.0, b"feed of tasks")
        ),
        updated: latest.unwrap_or(now).fixed_offset(),
        authors: vec![Person {
            name: "aTES".to_owned(),
            ..Person::default()
        }],
        links: vec![link("/tasks")],
        lang: Some(reader.lang.code().to_owned()),
        entries: to_do.iter().map(entry).collect(),
        ..Feed::default()
    };
    feed.to_string()
}

/// The days for which somebody was paid, and the one that is under way.
pub(super) fn calendar(
    reader: &FeedReader,
    config: &Config,
    paid: &[PaidDay],
    now: DateTime<Utc>,
) -> String {
    let (lang, l) = (reader.lang, reader.lang.loader());
    let day = |date: NaiveDate, summary: String, about: Option<&str>, path: String| {
        let mut event = Event::new();
        event
            .uid(&format!(
                "payout-{date}-{}@{}",
                reader.actor.id,
                config.base_url.host_str().unwrap_or("ates")
            ))
            .timestamp(now)
            .summary(&summary)
            .url(&page(&config.base_url, &path))
            // A calendar takes the end for the first day that is no longer part of it.
            .starts(date)
            .ends(next_day(date));
        if let Some(about) = about {
            event.description(about);
        }
        event.done()
    };
    let mut calendar = Calendar::new();
    calendar.name(&fl!(l, "feed-calendar-name"));
    for paid in paid {
        let date = i18n::date(lang, paid.business_date);
        let sum = i18n::signed(lang, paid.amount, &config.currency);
        let summary = fl!(l, "feed-paid", date = date, sum = sum);
        let statement = format!("/account/statements/{}", paid.business_date);
        calendar.push(day(paid.business_date, summary, None, statement));
    }
    let today = config.zone.date_of(now);
    if paid.iter().all(|paid| paid.business_date != today) {
        let summary = fl!(l, "feed-next", date = i18n::date(lang, today));
        let about = fl!(l, "feed-next-about");
        calendar.push(day(today, summary, Some(&about), "/account".to_owned()));
    }
    calendar.to_string()
}
