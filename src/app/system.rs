//! `/admin/system`: what runs here, with which settings, on which database, and when all of it was verified last.

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, get, resource};
use askama::Template;
use chrono::{DateTime, Utc};
use i18n_embed_fl::fl;

use crate::auth::{Operation, Viewer};
use crate::operations;
use crate::platform::agreement::{self, Agreement};
use crate::platform::config::{Config, Key};
use crate::platform::db::{
    Db, LOGIN, Migrated, Part, Parts, READER, SchemaSize, Server, last_migrations, schema_sizes,
    server,
};
use crate::platform::error::AppResult;
use crate::platform::i18n::Lang;
use crate::platform::jobs::{self, JobRun, RunsWanted};
use crate::platform::web::{Badge, Frame, render};
use crate::platform::workers::{Board, Health};

/// The program's version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Migrations that the page names.
const MIGRATIONS: i64 = 3;

/// Mounts the page.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/admin/system").route(get().to(show_system)));
}

#[derive(Template)]
#[template(path = "app/system.html")]
struct SystemPage {
    frame: Frame,
    version: &'static str,
    now: DateTime<Utc>,
    workers: Vec<WorkerLine>,
    server: Part<Server>,
    migrations: Part<Vec<Migrated>>,
    sizes: Part<Vec<SizeLine>>,
    size_total: String,
    badge: Part<Badge>,
    doctor: Part<Option<JobRun>>,
    settings: Vec<Setting>,
}

struct WorkerLine {
    name: String,
    chip: &'static str,
    state: String,
    error: Option<String>,
}

struct SizeLine {
    row: SchemaSize,
    size: String,
}

/// A setting as it is in force; what is secret in it is not in here.
struct Setting {
    key: &'static Key,
    meaning: String,
    value: String,
    /// Whether it is other than the default.
    is_set: bool,
}

/// What the database tells.
struct Found {
    server: Part<Server>,
    migrations: Part<Vec<Migrated>>,
    sizes: Part<Vec<SchemaSize>>,
    agreement: Part<Agreement>,
    doctor: Part<Option<JobRun>>,
}

fn read(parts: &mut Parts<'_>) -> AppResult<Found> {
    Ok(Found {
        server: parts.read(READER, "system.server", server)?,
        agreement: parts.read(operations::ROLE, "system.agreement", agreement::find)?,
        doctor: parts.read(operations::ROLE, "system.doctor", |conn| {
            Ok({
                let wanted = RunsWanted {
                    job: Some("operations.doctor"),
                    ..RunsWanted::default()
                };
                jobs::list_runs(conn, wanted, None, 1)?.pop()
            })
        })?,
        migrations: parts.read(LOGIN, "system.migrations", |conn| {
            last_migrations(conn, MIGRATIONS)
        })?,
        sizes: parts.read(READER, "system.sizes", schema_sizes)?,
    })
}

async fn show_system(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    board: Data<Board>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    actor.allow(Operation::Operate)?;
    let now = db.clock().now();
    let found = db.read_parts(read).await?;
    let total: i64 = found
        .sizes
        .get()
        .map_or(0, |rows| rows.iter().map(|row| row.bytes).sum());
    let sizes = found.sizes.map(|rows| {
        let line = |row: SchemaSize| SizeLine {
            size: size_text(frame.lang, row.bytes),
            row,
        };
        rows.into_iter().map(line).collect()
    });
    let badge = found
        .agreement
        .as_ref()
        .map(|agreement| frame.badge(agreement, now));
    let workers = board
        .all()
        .into_iter()
        .map(|(name, health)| worker_line(&frame, name, health))
        .collect();
    let settings = config
        .shown()
        .map(|(key, value)| Setting {
            is_set: value != key.default,
            meaning: key.meaning(frame.lang),
            key,
            value,
        })
        .collect();
    render(&SystemPage {
        version: VERSION,
        now,
        workers,
        server: found.server,
        migrations: found.migrations,
        sizes,
        size_total: size_text(frame.lang, total),
        badge,
        doctor: found.doctor,
        settings,
        frame,
    })
}

fn worker_line(frame: &Frame, name: String, health: Health) -> WorkerLine {
    let (chip, state, error) = match health {
        Health::Up => ("ok", fl!(frame.l, "system-worker-up"), None),
        Health::Stopped => ("wait", fl!(frame.l, "system-worker-stopped"), None),
        Health::Failed(error) => ("bad", fl!(frame.l, "system-worker-failed"), Some(error)),
    };
    WorkerLine {
        name,
        chip,
        state,
        error,
    }
}

/// Bytes as people read them.
fn size_text(lang: Lang, bytes: i64) -> String {
    let units = match lang {
        Lang::En => ["B", "KiB", "MiB", "GiB", "TiB"],
        Lang::Ru => ["Б", "КиБ", "МиБ", "ГиБ", "ТиБ"],
    };
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1_024.0 && unit + 1 < units.len() {
        value /= 1_024.0;
        unit += 1;
    }
    let text = if unit == 0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    };
    let text = match lang {
        Lang::En => text,
        Lang::Ru => text.replace('.', ","),
    };
    format!("{text}\u{a0}{}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_in_the_reader_s_language() {
        assert_eq!(size_text(Lang::En, 512), "512\u{a0}B");
        assert_eq!(size_text(Lang::En, 1_536), "1.5\u{a0}KiB");
        assert_eq!(size_text(Lang::Ru, 5 << 30), "5,0\u{a0}ГиБ");
    }
}
