//! Who people are and what they may do: log-in, sessions, tokens, users.

mod access;
mod beak;
mod confirmation;
mod csrf;
mod discovery;
mod ends;
mod enumeration;
pub mod factors;
mod fixation;
mod forgery;
mod grants;
mod lock_out;
mod log_in;
mod mandatory;
mod outage;
mod passkeys;
mod passwords;
mod profile;
mod provider;
mod records;
mod refresh;
mod registration;
mod reset;
mod sessions;
mod tls;
mod tokens;
mod users;

use serde_json::{Value, json};

use crate::support::{Api, Page, Person, TestApp};

const WRONG: &str = "a parrot that guesses";

/// Asks for a token.
fn ask_token(app: &TestApp, login: &str, password: &str) -> (u16, Value) {
    Api::anonymous(app.base()).post(
        "/api/v1/auth/token",
        &json!({ "username": login, "password": password }),
    )
}

/// Sends the log-in form with a browser of its own.
fn send_form(app: &TestApp, login: &str, password: &str) -> Page {
    app.browser()
        .post("/login", &[("username", login), ("password", password)])
}

fn user_path(person: &Person) -> String {
    format!("/api/v1/users/{}", person.id)
}
