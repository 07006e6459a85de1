//! What can happen on the market.

use rand::rngs::StdRng;
use rand::{Rng, RngExt};

/// A subscriber of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ear {
    Employees,
    Prices,
    Ledger,
    Analytics,
}

impl Ear {
    pub const ALL: [Self; 4] = [Self::Employees, Self::Prices, Self::Ledger, Self::Analytics];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Employees => "tasks.employees",
            Self::Prices => "tasks.prices",
            Self::Ledger => "accounting.ledger",
            Self::Analytics => "analytics.projection",
        }
    }
}

/// How a correction is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Confirmation,
    Rejection,
    Withdrawal,
}

impl Verdict {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Confirmation => "confirmation",
            Self::Rejection => "rejection",
            Self::Withdrawal => "withdrawal",
        }
    }
}

/// One step. People, tasks and corrections are named by a number that is taken modulo how many there are.
#[derive(Clone, Debug)]
pub enum Op {
    Create(usize),
    Import(usize),
    /// Somebody completes a task: the holder of an open one, or the person of that number any one.
    Complete(usize, Option<usize>),
    Press(usize),
    /// The worker of the shuffle does a chunk.
    Chunk,
    Deliver(Ear),
    /// Everybody hears until nothing moves.
    Drain,
    Pause(Ear),
    Resume(Ear),
    /// Everything is told again from the first event on.
    Rewind(Ear),
    /// Analytics is built again from the log.
    Rebuild,
    Minutes(i64),
    /// The clock stands so many microseconds from the next midnight, and stays there for the next step.
    Midnight(i64),
    /// So many midnights pass; perhaps everything is repaired and heard; then the nightly run.
    Night(i64, bool),
    /// Somebody asks for the settlement of a date, so many days from the first open one.
    PayDate(i64),
    Deactivate(usize),
    Roles(usize, &'static str),
    Hire(&'static str),
    /// One of the office asks for a correction of somebody's account, in cents.
    Ask(usize, usize, i64),
    Decide(usize, usize, Verdict),
    /// The connection of a subscriber is cut after its effects, before its commit.
    Cut(Ear),
    /// The ledger can make nothing of a task from now on.
    Refuse(usize),
    /// It can again, and what was parked is replayed.
    Heal,
    /// The process ends and another one begins.
    Restart,
    Sweep,
}

/// Roles that somebody can be given, with and without tasks.
const ROLES: [&str; 5] = ["developer", "boss", "other", "manager", "accountant"];

/// How often each kind is drawn, in the order of [`Op::of`].
const WEIGHTS: [u32; 25] = [
    7, 4, 24, 4, 8, 8, 10, 2, 4, 3, 3, 3, 14, 4, 3, 3, 3, 3, 6, 3, 5, 6, 3, 3, 4,
];

impl Op {
    /// Any step; those that make work and those that pay are more likely.
    pub fn draw(rng: &mut StdRng) -> Self {
        let mut left = rng.random_range(0..WEIGHTS.iter().sum::<u32>());
        let mut kind = 0;
        while left >= WEIGHTS[kind] {
            left -= WEIGHTS[kind];
            kind += 1;
        }
        Self::of(kind, rng)
    }

    /// A step of a kind, which is its place in [`Op::KINDS`].
    pub fn of(kind: usize, rng: &mut StdRng) -> Self {
        let any = |rng: &mut StdRng| usize::try_from(rng.next_u32()).unwrap_or_default();
        let ear = |rng: &mut StdRng| Ear::ALL[rng.random_range(0..4)];
        let role = |rng: &mut StdRng| ROLES[rng.random_range(0..ROLES.len())];
        match kind {
            0 => Self::Create(any(rng)),
            1 => Self::Import(rng.random_range(1..6)),
            2 => Self::Complete(any(rng), rng.random_bool(0.2).then(|| any(rng))),
            3 => Self::Press(any(rng)),
            4 => Self::Chunk,
            5 => Self::Deliver(ear(rng)),
            6 => Self::Drain,
            7 => Self::Pause(ear(rng)),
            8 => Self::Resume(ear(rng)),
            9 => Self::Rewind(ear(rng)),
            10 => Self::Rebuild,
            11 => Self::Minutes(rng.random_range(1..600)),
            12 => Self::Night(rng.random_range(0..4), rng.random_bool(0.6)),
            13 => Self::PayDate(rng.random_range(-1..2)),
            14 => Self::Deactivate(any(rng)),
            15 => Self::Roles(any(rng), role(rng)),
            16 => Self::Hire(role(rng)),
            17 => {
                let cents = rng.random_range(1..9_000);
                let sign = if rng.random_bool(0.7) { 1 } else { -1 };
                Self::Ask(any(rng), any(rng), sign * cents)
            }
            18 => {
                let verdicts = [
                    Verdict::Confirmation,
                    Verdict::Confirmation,
                    Verdict::Rejection,
                    Verdict::Withdrawal,
                ];
                Self::Decide(any(rng), any(rng), verdicts[rng.random_range(0..4)])
            }
            19 => Self::Cut(ear(rng)),
            20 => Self::Refuse(any(rng)),
            21 => Self::Heal,
            22 => Self::Restart,
            23 => Self::Sweep,
            _ => Self::Midnight(rng.random_range(-1..2)),
        }
    }

    /// The kind of step, for the count of what was played.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Import(_) => "import",
            Self::Complete(..) => "complete",
            Self::Press(_) => "press",
            Self::Chunk => "chunk",
            Self::Deliver(_) => "deliver",
            Self::Drain => "drain",
            Self::Pause(_) => "pause",
            Self::Resume(_) => "resume",
            Self::Rewind(_) => "rewind",
            Self::Rebuild => "rebuild",
            Self::Minutes(_) => "minutes",
            Self::Midnight(_) => "midnight",
            Self::Night(..) => "night",
            Self::PayDate(_) => "pay date",
            Self::Deactivate(_) => "deactivate",
            Self::Roles(..) => "roles",
            Self::Hire(_) => "hire",
            Self::Ask(..) => "ask",
            Self::Decide(..) => "decide",
            Self::Cut(_) => "cut",
            Self::Refuse(_) => "refuse",
            Self::Heal => "heal",
            Self::Restart => "restart",
            Self::Sweep => "sweep",
        }
    }

    /// Every kind.
    pub const KINDS: [&'static str; 25] = [
        "create",
        "import",
        "complete",
        "press",
        "chunk",
        "deliver",
        "drain",
        "pause",
        "resume",
        "rewind",
        "rebuild",
        "minutes",
        "midnight",
        "night",
        "pay date",
        "deactivate",
        "roles",
        "hire",
        "ask",
        "decide",
        "cut",
        "refuse",
        "heal",
        "restart",
        "sweep",
    ];
}
