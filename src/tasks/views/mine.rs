//! `/tasks`.

use askama::Template;
use i18n_embed_fl::fl;

use super::row::TaskLine;
use crate::auth::Actor;
use crate::events::TaskStatus;
use crate::platform::db::Part;
use crate::platform::web::{DEFAULT_LIMIT, Frame, ListAddress, ListPlace, PageOf, Pager};
use crate::tasks::Purse;
use crate::tasks::model::Task;

/// What the page is made of.
pub(in crate::tasks) struct MyTasks {
    pub tasks: PageOf<Task>,
    pub open: i64,
    pub done_today: Vec<Task>,
    pub status: Option<TaskStatus>,
    pub place: ListPlace,
}

/// One's own tasks.
#[derive(Template)]
#[template(path = "tasks/index.html")]
pub(in crate::tasks) struct MyTasksPage {
    frame: Frame,
    purse: Part<Purse>,
    lines: Vec<TaskLine>,
    done_today: Vec<TaskLine>,
    open: i64,
    shows_done: bool,
    is_assignable: bool,
    csv: String,
    pager: Pager,
}

impl MyTasksPage {
    pub fn new(frame: Frame, actor: &Actor, mine: MyTasks, purse: Part<Purse>) -> Self {
        let line = |task| TaskLine::new(&frame, actor, &task);
        let here =
            ListAddress::new("/tasks").with_some("status", mine.status.map(TaskStatus::as_str));
        Self {
            pager: Pager::new(&frame, &here, &mine.place, DEFAULT_LIMIT, &mine.tasks),
            purse,
            lines: mine.tasks.items.into_iter().map(line).collect(),
            done_today: mine.done_today.into_iter().map(line).collect(),
            open: mine.open,
            shows_done: mine.status == Some(TaskStatus::Done),
            is_assignable: actor.roles.is_assignable(),
            csv: here.at("/tasks.csv"),
            frame,
        }
    }

    /// What the table shows, in words.
    fn caption(&self) -> String {
        if self.shows_done {
            fl!(self.frame.l, "tasks-caption-done")
        } else {
            fl!(self.frame.l, "tasks-caption-mine")
        }
    }
}
