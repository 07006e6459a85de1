//! What pages, API and files read: plain values out. Each asks the policy itself, so that all three ask the same.

mod draws;
mod filter;
mod journal;
mod own;
mod people;
mod search;
mod shuffles;
mod tasks;

pub use draws::find_record;
pub(super) use draws::{Share, list_shares, show_record};
pub(super) use filter::{
    Dates, FilterWords, TaskColumn, TaskFilter, USUAL_ORDER, parse_order, parse_status,
};
pub(super) use journal::{JournalEntry, task_journal};
pub use own::{OwnTask, list_to_do};
pub(super) use people::{Load, Person, list_loads};
pub use search::{FoundPerson, FoundTask, NEWEST, search_people, search_tasks};
pub(super) use shuffles::{
    Outlook, Pace, Shuffle, ShuffleState, count_shuffles, list_shuffles, show_shuffle,
    shuffle_outlook,
};
pub use tasks::list_open_assignments;
pub(super) use tasks::{
    TaskView, count_all, count_mine, count_my_open, list_all, list_done_since, list_mine,
    list_mine_with_names, show_own, show_task,
};
