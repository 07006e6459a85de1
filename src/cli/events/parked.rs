//! Parked items: list, show, replay, retry, skip.

use chrono::{DateTime, Utc};
use clap::Args;
use uuid::Uuid;

use super::{at, read, subscribers};
use crate::bus::{self, ParkedFilter, ParkedItem, ParkedState, Selection};
use crate::cli::CliError;
use crate::platform::db::{Db, Origin};

/// Items that a list reads at a time.
const PAGE: i64 = 500;

/// Which parked items are meant.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct FilterArgs {
    /// Those of this subscriber.
    #[arg(long)]
    consumer: Option<String>,
    /// Those in this state: retrying, blocked, dead, done or skipped; by default all that wait for repair.
    #[arg(long)]
    state: Option<ParkedState>,
    /// Those that failed in this way, as `ates events parked` names it.
    #[arg(long)]
    class: Option<String>,
    /// Those of this task or person.
    #[arg(long)]
    key: Option<Uuid>,
    /// Those whose event is of this type.
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Those parked at this instant (RFC 3339) or later.
    #[arg(long)]
    since: Option<DateTime<Utc>>,
    /// Those parked before this instant (RFC 3339).
    #[arg(long)]
    before: Option<DateTime<Utc>>,
}

impl FilterArgs {
    fn filter(self) -> ParkedFilter {
        ParkedFilter {
            subscriber: self.consumer,
            state: self.state,
            error_class: self.class,
            key: self.key,
            event_type: self.event_type,
            since: self.since,
            before: self.before,
        }
    }
}

/// Which parked items a decision is about.
#[derive(Args, Debug)]
pub(in crate::cli) struct WhichArgs {
    /// Ids of items or events; without any, all that the filter meets.
    ids: Vec<Uuid>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Only say how many it would be.
    #[arg(long)]
    dry_run: bool,
}

/// What to hear again.
#[derive(Args, Debug)]
pub(in crate::cli) struct ReplayArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Hear the log again from this number on, instead of only what is parked.
    #[arg(long, value_name = "SEQ", conflicts_with_all = ["ids", "state", "class", "key", "event_type", "since", "before"])]
    from: Option<i64>,
}

/// What to do without.
#[derive(Args, Debug)]
pub(in crate::cli) struct SkipArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Why, in at least ten letters.
    #[arg(long)]
    reason: String,
}

pub(super) fn list(db: &Db, filter: &FilterArgs) -> Result<(), CliError> {
    let filter = filter.clone().filter();
    let mut after = None;
    loop {
        let items = read(db, |conn| {
            bus::list_parked(conn, &filter, after.as_ref(), PAGE)
        })?;
        items.iter().for_each(print);
        let Some(last) = items.last() else {
            break;
        };
        after = Some(last.place());
    }
    for class in read(db, bus::error_classes)? {
        println!(
            "# {}: {} failed as {}",
            class.subscriber, class.items, class.error_class
        );
    }
    Ok(())
}

pub(super) fn list_dead(db: &Db, consumer: Option<String>) -> Result<(), CliError> {
    let filter = FilterArgs {
        consumer,
        state: Some(ParkedState::Dead),
        ..FilterArgs::default()
    };
    list(db, &filter)
}

fn print(item: &ParkedItem) {
    let version = item.type_version.unwrap_or_default();
    println!(
        "{} {} {} seq={} {} v{version} key={} attempts={} next={} {}: {}",
        item.item_id,
        item.subscriber,
        item.state,
        item.seq,
        item.event_type.as_deref().unwrap_or("archived"),
        item.sequence_key,
        item.attempts,
        at(item.next_attempt_at),
        item.error_class.as_deref().unwrap_or("waits"),
        item.error
            .as_deref()
            .unwrap_or("behind another item of its key"),
    );
}

pub(super) fn show(db: &Db, id: Uuid) -> Result<(), CliError> {
    for item in found(db, id)? {
        let event = read(db, |conn| {
            bus::show_parked(conn, &item.subscriber, item.item_id)
        })?;
        print(&event.item);
        println!("  parked {}", at(Some(item.first_failed_at)));
        println!("  failed {}", at(item.last_failed_at));
        println!("  items of its key that wait: {}", event.of_key);
        if let Some(reason) = &item.resolution_reason {
            println!("  skipped {}: {reason}", at(item.resolved_at));
        }
        if let Some(payload) = &event.payload {
            println!("  {payload}");
        }
    }
    Ok(())
}

fn found(db: &Db, id: Uuid) -> Result<Vec<ParkedItem>, CliError> {
    let items = read(db, |conn| bus::find_parked(conn, id))?;
    if items.is_empty() {
        return Err(CliError(format!("{id} is not parked")));
    }
    Ok(items)
}

/// The items meant, and how many of them wait for repair.
fn selected(db: &Db, which: WhichArgs) -> Result<(Selection, u64), CliError> {
    if which.ids.is_empty() {
        let filter = which.filter.filter();
        let met = match filter.state {
            Some(ParkedState::Done | ParkedState::Skipped) => 0,
            _ => read(db, |conn| bus::count_parked(conn, &filter))?,
        };
        return Ok((Selection::Filter(filter), met));
    }
    let mut items = Vec::new();
    for id in which.ids {
        let waiting = found(db, id)?
            .into_iter()
            .filter(|item| item.resolved_at.is_none())
            .map(|item| (item.subscriber, item.item_id));
        items.extend(waiting);
    }
    let met = u64::try_from(items.len()).unwrap_or(u64::MAX);
    Ok((Selection::Items(items), met))
}

pub(super) fn replay(db: &Db, args: ReplayArgs) -> Result<(), CliError> {
    if let Some(from) = args.from {
        let consumer = args.which.filter.consumer.as_deref();
        return subscribers::hear_again(db, consumer, from, args.which.dry_run);
    }
    let dry_run = args.which.dry_run;
    let (selection, met) = selected(db, args.which)?;
    if dry_run {
        println!("{met} items would be tried again");
        return Ok(());
    }
    let replayed = bus::replay(db, &selection, Origin::system())?;
    println!("{replayed} items are tried again");
    Ok(())
}

pub(super) fn retry(db: &Db, id: Uuid) -> Result<(), CliError> {
    let which = WhichArgs {
        ids: vec![id],
        filter: FilterArgs::default(),
        dry_run: false,
    };
    replay(db, ReplayArgs { which, from: None })
}

pub(super) fn skip(db: &Db, args: SkipArgs) -> Result<(), CliError> {
    let dry_run = args.which.dry_run;
    let (selection, met) = selected(db, args.which)?;
    if dry_run {
        println!("{met} items would be skipped");
        return Ok(());
    }
    let skipped = bus::skip(db, &selection, &args.reason, Origin::system())?;
    println!("{skipped} items are skipped");
    Ok(())
}
