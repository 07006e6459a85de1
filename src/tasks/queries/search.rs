//! Looking for tasks by what people remember of them, and for people by name.

use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::tasks::views;
use crate::auth::{Actor, Operation};
use crate::events::TaskStatus;
use crate::platform::error::AppResult;
use crate::platform::ids::TaskId;
use crate::tasks::display_title;
use crate::tasks::store::{StoredTask, TASK_COLUMNS};

/// Among how many of the newest tasks words are looked for; numbers and keys are found among all.
pub const NEWEST: i64 = 100_000;

/// A task that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundTask {
    /// Its id.
    pub id: TaskId,
    /// Its number, `T-42` for people.
    pub number: i64,
    /// Its title with its key.
    pub title: String,
    /// Where it stands.
    pub status: TaskStatus,
    /// Who has it.
    pub assignee: FoundPerson,
}

/// Somebody who was found.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct FoundPerson {
    /// Their id.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// Their name.
    #[diesel(sql_type = Text)]
    pub name: String,
}

/// The tasks that `words` mean, as far as the actor may know of them (M07, M08): first those whose number, key or id they are, then
/// those of the `newest` tasks in whose title, key or description they stand, the newest first; `limit` at most.
///
/// # Errors
/// 403 for those who may see no task.
pub fn search_tasks(
    conn: &mut PgConnection,
    actor: &Actor,
    words: &str,
    newest: i64,
    limit: i64,
) -> AppResult<Vec<FoundTask>> {
    actor.allow(Operation::OneTask)?;
    let everything = actor.may(Operation::AllTasks);
    let exact: Vec<StoredTask> = sql_query(format!(
        "select {TASK_COLUMNS} from tasks.tasks t
         where (t.number = $1 or t.id = $2 or t.jira_id = upper($3))
           and ($4 or t.assignee_id = $5 or t.created_by = $5)
         order by t.number desc limit $6"
    ))
    .bind::<Nullable<BigInt>, _>(number_in(words))
    .bind::<Nullable<SqlUuid>, _>(words.parse::<Uuid>().ok())
    .bind::<Text, _>(words)
    .bind::<Bool, _>(everything)
    .bind::<SqlUuid, _>(actor.id.0)
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    let by_words: Vec<StoredTask> = sql_query(format!(
        "select {TASK_COLUMNS} from tasks.tasks t
         where t.number > (select coalesce(max(l.number), 0) from tasks.tasks l) - $1
           and (t.title ilike $2 or t.jira_id ilike $2 or t.description ilike $2)
           and ($3 or t.assignee_id = $4 or t.created_by = $4)
         order by t.number desc limit $5"
    ))
    .bind::<BigInt, _>(newest)
    .bind::<Text, _>(pattern_of(words))
    .bind::<Bool, _>(everything)
    .bind::<SqlUuid, _>(actor.id.0)
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    let mut found: Vec<FoundTask> = Vec::new();
    for view in views(conn, exact)?
        .into_iter()
        .chain(views(conn, by_words)?)
    {
        let task = view.task;
        if found.iter().any(|other| other.id == task.id) {
            continue;
        }
        found.push(FoundTask {
            id: task.id,
            number: task.number,
            title: display_title(task.text.jira_id.as_deref(), &task.text.title),
            status: task.status,
            assignee: FoundPerson {
                id: view.assignee.id,
                name: view.assignee.name,
            },
        });
    }
    found.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(found)
}

/// The people in whose name `words` stand, by name, for whoever sees who has which task; `limit` at most.
///
/// # Errors
/// 403 for those who may not see all tasks.
pub fn search_people(
    conn: &mut PgConnection,
    actor: &Actor,
    words: &str,
    limit: i64,
) -> AppResult<Vec<FoundPerson>> {
    actor.allow(Operation::AllTasks)?;
    Ok(sql_query(
        "select e.id, e.name from tasks.employees e where e.active and e.name ilike $1 order by e.name, e.id limit $2",
    )
    .bind::<Text, _>(pattern_of(words))
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// The number that `words` are: `482`, `T-482`, `#482`, also with the Cyrillic letter.
fn number_in(words: &str) -> Option<i64> {
    let figures = ["T-", "t-", "Т-", "т-", "#"]
        .iter()
        .find_map(|prefix| words.strip_prefix(prefix))
        .unwrap_or(words);
    figures.parse().ok()
}

/// `words` as a pattern for `ilike`, their own wildcards taken literally.
fn pattern_of(words: &str) -> String {
    let mut pattern = String::from("%");
    for letter in words.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_understood_as_people_write_it() {
        for words in ["482193", "T-482193", "t-482193", "т-482193", "#482193"] {
            assert_eq!(number_in(words), Some(482_193), "{words}");
        }
        assert_eq!(number_in("UBERPOP-482193"), None);
    }

    #[test]
    fn a55_wildcards_are_letters() {
        assert_eq!(pattern_of(r"50%_\"), r"%50\%\_\\%");
    }
}
