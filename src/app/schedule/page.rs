//! `/admin/schedule`: every job, when it comes, how its last turn went, and running it by hand.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, ServiceConfig, get, resource};
use askama::Template;
use chrono::{DateTime, NaiveTime, Utc};
use i18n_embed_fl::fl;
use serde::Deserialize;
use serde_json::json;

use super::{JOBS, Job, When};
use crate::app::Services;
use crate::auth::{Operation, Viewer};
use crate::operations;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::i18n::{decimal, text_of};
use crate::platform::turns::{self, Asker, Begun, Turn};
use crate::platform::web::{Flash, FormBody, Frame, redirect_with, render};

/// Runs a job by hand in a thread of its own.
#[derive(Clone)]
pub(in crate::app) struct Runner(Services);

impl Runner {
    /// One that works with these services.
    pub fn new(services: &Services) -> Self {
        Self(services.clone())
    }

    fn run(&self, work: fn(&Services) -> AppResult<()>, begun: Begun) -> AppResult<()> {
        let services = self.0.clone();
        std::thread::Builder::new()
            .name("by hand".into())
            .spawn(move || {
                let outcome = work(&services);
                if let Err(error) = &outcome {
                    tracing::error!(error = %error, "a job that was run by hand failed");
                }
                if let Err(error) = begun.end(&services.db, &outcome) {
                    tracing::warn!(error = %error, "the turn of a job could not be written down");
                }
            })
            .map(drop)
            .map_err(|error| AppError::internal(error.to_string()))
    }
}

/// Mounts the page.
pub(in crate::app) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/admin/schedule").route(get().to(show_schedule)))
        .service(
            resource("/admin/schedule/{job}/turns").route(actix_web::web::post().to(run_by_hand)),
        );
}

#[derive(Template)]
#[template(path = "app/schedule.html")]
struct SchedulePage {
    frame: Frame,
    bell: u64,
    zone: String,
    lines: Vec<Line>,
}

/// A job as the page tells of it.
struct Line {
    name: &'static str,
    about: String,
    when: String,
    /// When it comes next; none: at the next bell.
    next: Option<DateTime<Utc>>,
    turn: Option<TurnLine>,
    may_run: bool,
}

struct TurnLine {
    turn: Turn,
    chip: &'static str,
    state: String,
    took: String,
    by: String,
}

async fn show_schedule(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    actor.allow(Operation::Operate)?;
    let now = db.clock().now();
    let turns = db.read(operations::ROLE, turns::list).await?;
    let lines = JOBS
        .iter()
        .map(|job| {
            let turn = turns.iter().find(|turn| turn.job == job.name);
            Line {
                name: job.name,
                about: frame.text(&Message::new(about(job.name))),
                when: when_in_words(&frame, &config, job.when),
                next: next(&config, job.when, now),
                turn: turn.map(|turn| TurnLine::new(&frame, turn.clone(), now)),
                may_run: job.by_hand.is_some(),
            }
        })
        .collect();
    render(&SchedulePage {
        bell: config.bell_every.as_secs(),
        zone: config.zone.0.name().to_owned(),
        lines,
        frame,
    })
}

impl TurnLine {
    fn new(frame: &Frame, turn: Turn, now: DateTime<Utc>) -> Self {
        let (chip, id) = match turn.state.as_str() {
            "done" => ("ok", "schedule-state-done"),
            "failed" => ("bad", "schedule-state-failed"),
            _ if turn.is_lost(now) => ("bad", "schedule-state-lost"),
            _ => ("info", "schedule-state-running"),
        };
        let by = turn.asked_by_name.as_deref();
        Self {
            chip,
            state: text_of(frame.lang, id, []),
            took: turns::took(&turn)
                .map(|took| {
                    let seconds = decimal(frame.lang, took.as_secs_f64());
                    fl!(frame.l, "schedule-took", seconds = seconds)
                })
                .unwrap_or_default(),
            by: by
                .map(|name| fl!(frame.l, "schedule-by-hand", name = name))
                .unwrap_or_default(),
            turn,
        }
    }
}

/// The form that runs a job.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunForm {}

/// Begins a turn of a job, audits who asked, and goes back to the page, where it stands as running.
async fn run_by_hand(
    viewer: Viewer,
    job: Path<String>,
    _form: FormBody<RunForm>,
    db: Data<Db>,
    runner: Data<Runner>,
) -> AppResult<HttpResponse> {
    let origin = viewer.origin();
    let actor = viewer.actor;
    actor.allow(Operation::Operate)?;
    let known = JOBS.iter().find(|known| known.name == job.as_str());
    let Some((job, work)) = known.and_then(|job| job.by_hand.map(|work| (job, work))) else {
        return Err(AppError::NotFound);
    };
    // Settling pays people.
    if job.when == When::AtPayout {
        actor.allow(Operation::RunPayouts)?;
    }
    let begun = begin(&db, origin, job, &Asker::from(&actor)).await?;
    runner.run(work, begun)?;
    let message = Message::new("schedule-begun").with("job", job.name);
    Ok(redirect_with("/admin/schedule", Flash::ok(message)))
}

async fn begin(
    db: &Db,
    origin: crate::platform::db::Origin,
    job: &'static Job,
    asker: &Asker,
) -> AppResult<Begun> {
    let asker = asker.clone();
    db.transaction(operations::ROLE, origin, move |tx| {
        let begun = turns::begin_by_hand(tx, job.name, &asker)?;
        tx.audit("operations.job_run", None, &json!({ "job": job.name }))?;
        Ok(begun)
    })
    .await
}

impl From<&crate::auth::Actor> for Asker {
    fn from(actor: &crate::auth::Actor) -> Self {
        Self {
            id: actor.id.0,
            name: actor.name.clone(),
        }
    }
}

/// The sentence that says what a job does.
fn about(job: &str) -> &'static str {
    match job {
        "platform.partitions" => "job-partitions",
        "accounting.sweep" => "job-sweep",
        "accounting.seal" => "job-seal",
        "accounting.settle" => "job-settle",
        "accounting.mails" => "job-mails",
        "operations.scenarios" => "job-scenarios",
        "auth.clean_up" => "job-clean-up",
        "platform.keys" => "job-keys",
        "operations.doctor" => "job-doctor",
        _ => "job-archive",
    }
}

fn when_in_words(frame: &Frame, config: &Config, when: When) -> String {
    let daily = |at: NaiveTime| {
        let zone = config.zone.0.name();
        fl!(
            frame.l,
            "schedule-daily",
            at = at.format("%H:%M").to_string(),
            zone = zone
        )
    };
    match when {
        When::EveryBell => fl!(
            frame.l,
            "schedule-every-bell",
            seconds = config.bell_every.as_secs()
        ),
        When::AtPayout => daily(config.payout_at),
        When::AtMidnight => daily(NaiveTime::MIN),
    }
}

/// When a job that comes once a day comes next.
fn next(config: &Config, when: When, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let at = match when {
        When::EveryBell => return None,
        When::AtPayout => config.payout_at,
        When::AtMidnight => NaiveTime::MIN,
    };
    let today = config.zone.date_of(now);
    [Some(today), today.succ_opt()]
        .into_iter()
        .flatten()
        .map(|date| config.zone.instant_of(date, at))
        .find(|instant| *instant > now)
}
