//! Bringing in many people at once: all of them or none, and every bad line named.

use std::collections::HashSet;

use serde_json::json;

use super::FieldProblem;
use crate::auth::RoleSet;
use crate::auth::person::{check_email, check_name, check_username};
use crate::auth::store::{self, NewUser};
use crate::events::{self, AccountCreated, AccountRecord};
use crate::platform::db::Tx;
use crate::platform::error::AppResult;
use crate::platform::ids::UserId;

/// Somebody from a file, as it is written there.
#[derive(Clone, Debug)]
pub struct ImportedPerson {
    /// Where in the file.
    pub line: u64,
    /// The log-in name.
    pub username: String,
    /// Where mails go.
    pub email: String,
    /// The given name.
    pub name: String,
    /// The family name.
    pub surname: String,
    /// The role set, names separated by semicolons.
    pub roles: String,
}

/// What is wrong with a line: the field and the id of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonError {
    /// Where in the file.
    pub line: u64,
    /// Which field.
    pub field: &'static str,
    /// The message.
    pub message: &'static str,
}

impl ImportedPerson {
    /// The person, or everything that is wrong with the line.
    ///
    /// # Errors
    /// Each field that does not fit.
    pub fn check(&self) -> Result<NewPerson, Vec<PersonError>> {
        let mut errors = Vec::new();
        let line = self.line;
        let mut wrong = |field, message| {
            errors.push(PersonError {
                line,
                field,
                message,
            })
        };
        let username = check_username(&self.username)
            .map_err(|error| wrong("username", error.message()))
            .ok();
        let email = check_email(&self.email)
            .map_err(|error| wrong("email", error.message()))
            .ok();
        let name = check_name(&self.name)
            .map_err(|error| wrong("name", error.message()))
            .ok();
        let surname = check_name(&self.surname)
            .map_err(|error| wrong("surname", error.message()))
            .ok();
        let roles = RoleSet::parse(&self.roles)
            .map_err(|error| wrong("roles", error.message()))
            .ok();
        match (username, email, name, surname, roles) {
            (Some(username), Some(email), Some(name), Some(surname), Some(roles)) => {
                Ok(NewPerson {
                    line,
                    username,
                    email,
                    name,
                    surname,
                    roles,
                    password_hash: None,
                })
            }
            _ => Err(errors),
        }
    }
}

/// Somebody to be registered whose every field is in order.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// Where in the file they stand.
    pub line: u64,
    /// The log-in name.
    pub username: String,
    /// Where mails go.
    pub email: String,
    /// The given name.
    pub name: String,
    /// The family name.
    pub surname: String,
    /// The role set.
    pub roles: RoleSet,
    /// A password that was hashed before; without one they cannot log in yet.
    pub password_hash: Option<String>,
}

/// Registers all of them, or none and says which lines are taken: by somebody who is there already, or by a line before.
///
/// # Errors
/// Those of the database; the inner error lists the lines.
pub fn register_people(
    tx: &mut Tx<'_>,
    people: &[NewPerson],
) -> AppResult<Result<Vec<UserId>, Vec<PersonError>>> {
    let taken = taken_lines(tx, people)?;
    if !taken.is_empty() {
        return Ok(Err(taken));
    }
    let users: Vec<NewUser> = people
        .iter()
        .map(|person| NewUser {
            id: tx.new_id::<UserId>().0,
            username: person.username.clone(),
            email: person.email.clone(),
            name: person.name.clone(),
            surname: person.surname.clone(),
            password_hash: person.password_hash.clone(),
            roles: person.roles.iter().map(|role| role.to_string()).collect(),
        })
        .collect();
    let (by, now) = (tx.origin.actor, tx.now);
    store::insert_users(tx.conn(), &users, by, now)?;
    for user in &users {
        let record = AccountRecord {
            username: user.username.clone(),
            email: user.email.clone(),
            name: user.name.clone(),
            surname: user.surname.clone(),
            language: None,
            roles: user.roles.clone(),
            version: 1,
        };
        events::publish(tx, user.id, &AccountCreated(record))?;
    }
    tx.audit(
        "auth.users_imported",
        None,
        &json!({ "people": users.len() }),
    )?;
    Ok(Ok(users.into_iter().map(|user| UserId(user.id)).collect()))
}

fn taken_lines(tx: &mut Tx<'_>, people: &[NewPerson]) -> AppResult<Vec<PersonError>> {
    let usernames: Vec<&str> = people
        .iter()
        .map(|person| person.username.as_str())
        .collect();
    let emails: Vec<&str> = people.iter().map(|person| person.email.as_str()).collect();
    let mut known: HashSet<String> = store::find_taken(tx.conn(), &usernames, &emails)?
        .into_iter()
        .collect();
    let mut errors = Vec::new();
    for person in people {
        if !known.insert(person.username.clone()) {
            errors.push(PersonError {
                line: person.line,
                field: "username",
                message: "field-username-taken",
            });
        }
        if !known.insert(person.email.to_lowercase()) {
            errors.push(PersonError {
                line: person.line,
                field: "email",
                message: "field-email-taken",
            });
        }
    }
    Ok(errors)
}
