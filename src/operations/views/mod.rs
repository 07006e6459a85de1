//! The pages as structs.

mod checks;
mod consumers;
mod events;
mod letters;
mod runs;
mod stop;

pub(super) use checks::ChecksPage;
pub(super) use consumers::{ConsumerPage, ModulesPage, PauseWords};
pub(super) use events::{Asked, EventsPage, StoryPage, csv_of_events};
pub(super) use letters::{ChoicePage, ChoiceWords, LetterPage, LettersPage, csv_of_letters};
pub(super) use runs::{RUN_STATES, RunsPage, run_row, runs_header};
pub(super) use stop::{StopPage, StopWords};
