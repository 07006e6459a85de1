//! What can happen in a history.

use proptest::collection::vec;
use proptest::prelude::*;

/// The keys of a history.
pub const KEYS: u8 = 4;

/// The subscribers of a history; the last one comes later, or never.
pub const SUBSCRIBERS: usize = 3;

/// How a handler fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ill {
    /// With an error that is tried again.
    Error,
    /// With an error that is final.
    Invalid,
    /// With a panic.
    Panic,
    /// Its connection is cut in the middle.
    Cut,
}

/// One step of a history.
#[derive(Clone, Debug)]
pub enum Op {
    /// One unit of work publishes an event for each key.
    Publish(Vec<u8>),
    /// One unit of work publishes one batch event with an item for each key, each of which refers to another key.
    Batch(Vec<u8>),
    /// A unit of work publishes, and then gives up.
    Abandon(Vec<u8>),
    /// A subscriber does one step.
    Step(usize),
    /// A subscriber works until it says that nothing is left.
    Work(usize),
    /// A subscriber's handler fails for a key, so many times.
    Fall(usize, u8, Ill, u8),
    /// All handlers are well again.
    Heal,
    /// A holder pauses a subscriber, or lets it go.
    Pause(usize, bool),
    Resume(usize, bool),
    /// The process that runs a subscriber begins anew.
    Restart(usize),
    /// The operator tries a subscriber's parked items again, or does without the dead ones.
    Replay(usize),
    Skip(usize),
    /// The operator sets a subscriber back by so many numbers.
    Rewind(usize, i64),
    /// The last subscriber is made: at the beginning, at the head, or at a number.
    Add(u8),
    /// The clock moves on, in seconds.
    Clock(i64),
}

/// Any step; those that make work are more likely.
pub fn any() -> impl Strategy<Value = Op> {
    let key = 0..KEYS;
    let keys = vec(0..KEYS, 1..6);
    let who = 0..SUBSCRIBERS;
    let ill = prop_oneof![
        3 => Just(Ill::Error), 1 => Just(Ill::Invalid), 1 => Just(Ill::Panic), 1 => Just(Ill::Cut)
    ];
    prop_oneof![
        8 => keys.clone().prop_map(Op::Publish),
        3 => keys.clone().prop_map(Op::Batch),
        1 => keys.prop_map(Op::Abandon),
        8 => who.clone().prop_map(Op::Step),
        3 => who.clone().prop_map(Op::Work),
        5 => (who.clone(), key, ill, 1..4_u8).prop_map(|(who, key, ill, times)| Op::Fall(who, key, ill, times)),
        1 => Just(Op::Heal),
        2 => (who.clone(), any_bool()).prop_map(|(who, holder)| Op::Pause(who, holder)),
        2 => (who.clone(), any_bool()).prop_map(|(who, holder)| Op::Resume(who, holder)),
        1 => who.clone().prop_map(Op::Restart),
        2 => who.clone().prop_map(Op::Replay),
        2 => who.clone().prop_map(Op::Skip),
        1 => (who, 0..12_i64).prop_map(|(who, by)| Op::Rewind(who, by)),
        1 => (0..3_u8).prop_map(Op::Add),
        3 => prop_oneof![Just(1), Just(3), Just(70), Just(400)].prop_map(Op::Clock),
    ]
}

fn any_bool() -> impl Strategy<Value = bool> + Clone {
    prop_oneof![Just(false), Just(true)]
}
