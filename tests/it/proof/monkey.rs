//! The monkey: does at random moments what machines, networks and operators do, and never asks before.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ates::bus::{self, Holder};
use ates::platform::db::{Db, Origin};
use ates::platform::error::AppResult;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::cluster::Cluster;
use super::fleet::{Instance, Launch};

/// What it may do.
#[derive(Clone, Copy, Debug)]
pub struct Tools {
    pub kill: bool,
    pub freeze: bool,
    pub pause: bool,
    pub terminate: bool,
    /// Pauses that it holds last this long at most.
    pub longest_pause: Duration,
}

/// What it did.
#[derive(Debug, Default)]
pub struct Deeds {
    pub kills: u32,
    pub freezes: u32,
    pub pauses: u32,
    pub terminated: u32,
    pub restarts: u32,
    /// Processes that ended by themselves, as a server does, with a word, that finds no database when it starts.
    pub gave_up: u32,
    /// What it saw that must never be seen.
    pub findings: Vec<String>,
}

/// A pause that it holds: where the cursor was when the call returned, and until when.
struct Held {
    position: i64,
    until: Instant,
}

pub struct Monkey<'a> {
    rng: StdRng,
    url: String,
    db: Db,
    cluster: Option<&'a Cluster>,
    tools: Tools,
    held: BTreeMap<String, Held>,
    pub deeds: Deeds,
}

fn holder() -> Holder {
    Holder::Operator("monkey".to_owned())
}

/// How often the server is restarted.
const RESTART: Duration = Duration::from_secs(6);

impl<'a> Monkey<'a> {
    pub fn new(seed: u64, url: &str, cluster: Option<&'a Cluster>, tools: Tools) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            url: url.to_owned(),
            db: super::recorder::open(url),
            cluster,
            tools,
            held: BTreeMap::new(),
            deeds: Deeds::default(),
        }
    }

    /// Plays for a time, then puts everything back that it holds.
    pub fn play(&mut self, time: Duration, fleet: &mut [Instance], launch: &Launch) {
        let end = Instant::now() + time;
        let mut restart = Instant::now() + RESTART;
        while Instant::now() < end {
            let until = Instant::now() + Duration::from_millis(self.rng.random_range(100..400));
            while Instant::now() < until {
                self.put_back(fleet, Instant::now());
                std::thread::park_timeout(Duration::from_millis(20));
            }
            for instance in fleet.iter_mut() {
                if let Some(status) = instance.has_ended() {
                    self.deeds.gave_up += 1;
                    if status.code() != Some(1) {
                        let finding = format!("{:?} ended by itself: {status}", instance.kind);
                        self.deeds.findings.push(finding);
                    }
                    instance.restart(launch);
                }
            }
            if let Some(cluster) = self.cluster.filter(|_| Instant::now() >= restart) {
                cluster.crash_and_restart();
                self.deeds.restarts += 1;
                restart = Instant::now() + RESTART;
            } else {
                self.act(fleet, launch);
            }
        }
        let late = Instant::now() + Duration::from_secs(3600);
        self.put_back(fleet, late);
    }

    fn act(&mut self, fleet: &mut [Instance], launch: &Launch) {
        let chosen = self.rng.random_range(0..fleet.len());
        match self.rng.random_range(0..10) {
            0..=2 if self.tools.kill && fleet[chosen].is_up() => {
                fleet[chosen].restart(launch);
                self.deeds.kills += 1;
            }
            3 if self.tools.freeze && fleet[chosen].frozen_until.is_none() => {
                let time = Duration::from_millis(self.rng.random_range(200..5_000));
                fleet[chosen].freeze(Instant::now() + time);
                self.deeds.freezes += 1;
            }
            4..=6 if self.tools.pause => {
                self.pause();
                self.let_the_breaker_go();
            }
            7..=9 if self.tools.terminate => self.terminate(),
            _ => {}
        }
    }

    /// Ends what is due at `now`: frozen processes go on, paused subscribers are resumed.
    fn put_back(&mut self, fleet: &mut [Instance], now: Instant) {
        for instance in fleet {
            if instance.frozen_until.is_some_and(|until| until <= now) {
                instance.thaw();
            }
        }
        let due: Vec<String> = self
            .held
            .iter()
            .filter(|(_, held)| held.until <= now)
            .map(|(name, _)| name.clone())
            .collect();
        for name in due {
            let Some(position) = self.position(&name) else {
                continue;
            };
            let paused_at = self.held[&name].position;
            if position != paused_at {
                self.deeds.findings.push(format!(
                    "P5: {name} was paused at {paused_at} and is at {position}"
                ));
            }
            drop(bus::resume(&self.db, &name, &holder(), Origin::system()));
            self.held.remove(&name);
        }
    }

    fn pause(&mut self) {
        let Some(names) = self.names() else { return };
        let name = &names[self.rng.random_range(0..names.len())];
        if self.held.contains_key(name) || self.try_pause(name).is_err() {
            return;
        }
        let Some(position) = self.position(name) else {
            return;
        };
        let most = u64::try_from(self.tools.longest_pause.as_millis()).unwrap();
        let time = Duration::from_millis(self.rng.random_range(50..most));
        let until = Instant::now() + time;
        self.held.insert(name.clone(), Held { position, until });
        self.deeds.pauses += 1;
    }

    fn try_pause(&self, name: &str) -> AppResult<()> {
        bus::pause(
            &self.db,
            name,
            &holder(),
            "the monkey plays",
            Origin::system(),
        )
    }

    /// As an operator who looks at every failure at once: lets the breaker go wherever it holds.
    fn let_the_breaker_go(&self) {
        for name in self.names().unwrap_or_default() {
            drop(bus::resume(
                &self.db,
                &name,
                &Holder::Breaker,
                Origin::system(),
            ));
        }
    }

    /// Cuts up to three sessions of the program, whatever they are doing.
    fn terminate(&mut self) {
        let Some(mut conn) = self.connect() else {
            return;
        };
        let cut = sql_query(
            "select pg_terminate_backend(pid) from (select pid from pg_stat_activity
               where datname = current_database() and application_name like 'ates %'
               order by (state = 'active' or state like 'idle in%') desc, random() limit $1) chosen",
        )
        .bind::<BigInt, _>(self.rng.random_range(1..4))
        .execute(&mut conn);
        self.deeds.terminated += cut.map_or(0, |cut| u32::try_from(cut).unwrap());
    }

    fn names(&self) -> Option<Vec<String>> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            name: String,
        }
        let rows: Vec<Row> = sql_query("select name from bus.subscribers order by name")
            .load(&mut self.connect()?)
            .ok()?;
        let names: Vec<String> = rows.into_iter().map(|row| row.name).collect();
        (!names.is_empty()).then_some(names)
    }

    fn position(&self, name: &str) -> Option<i64> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            position: i64,
        }
        let row: Row = sql_query("select position from bus.subscribers where name = $1")
            .bind::<Text, _>(name)
            .get_result(&mut self.connect()?)
            .ok()?;
        Some(row.position)
    }

    fn connect(&self) -> Option<PgConnection> {
        PgConnection::establish(&self.url).ok()
    }
}
