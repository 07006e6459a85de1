//! The pages as structs, with every line ready to print.

mod all;
mod draws;
mod file;
mod form;
mod mine;
mod row;
mod shuffles;
mod task;

pub(super) use all::{AllTasks, AllTasksPage};
pub(super) use draws::{candidates_csv, draw_csv};
pub(super) use file::{task_row, tasks_header};
pub(super) use form::{TaskFormPage, TaskWords};
pub(super) use mine::{MyTasks, MyTasksPage};
pub use row::{status_kind, status_word};
pub(super) use shuffles::{
    NewShufflePage, ProgressWords, SHARES_SHOWN, ShufflePage, ShufflesPage, shuffle_row,
    shuffles_header,
};
pub(super) use task::TaskPage;
