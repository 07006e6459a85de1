//! The record of a run as two files, from which anybody can draw it anew.

use i18n_embed::fluent::FluentLanguageLoader;
use i18n_embed_fl::fl;

use crate::platform::csv::{Cell, Csv};
use crate::tasks::proof::RunRecord;

/// A line an assignment: the number of the list it was drawn from, the task, who had it, who got it.
pub(in crate::tasks) fn draw_csv(l: &'static FluentLanguageLoader, record: &RunRecord) -> Vec<u8> {
    let header = [
        fl!(l, "shuffle-list"),
        fl!(l, "shuffle-task-uid"),
        fl!(l, "shuffle-from-uid"),
        fl!(l, "shuffle-to-uid"),
    ];
    let mut csv = Csv::new(&header.each_ref().map(String::as_str));
    let nothing = || Cell::Text(String::new());
    for (one, list) in record.drawn.iter().zip(record.lists_of_drawn()) {
        csv.row(&[
            list.map_or_else(nothing, Cell::Int),
            Cell::Text(one.task.to_string()),
            one.from
                .map_or_else(nothing, |from| Cell::Text(from.to_string())),
            Cell::Text(one.to.to_string()),
        ]);
    }
    csv.finish()
}

/// A line a person of each list, in the order that the draw counts in, from 0.
pub(in crate::tasks) fn candidates_csv(
    l: &'static FluentLanguageLoader,
    record: &RunRecord,
) -> Vec<u8> {
    let header = [
        fl!(l, "shuffle-list"),
        fl!(l, "shuffle-place"),
        fl!(l, "shuffle-person-uid"),
    ];
    let mut csv = Csv::new(&header.each_ref().map(String::as_str));
    for (list, people) in (1..).zip(record.lists()) {
        for (place, person) in (0..).zip(people) {
            csv.row(&[
                Cell::Int(list),
                Cell::Int(place),
                Cell::Text(person.to_string()),
            ]);
        }
    }
    csv.finish()
}
