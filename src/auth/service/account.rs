//! Checking what was typed about somebody, field by field.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::RoleSet;
use crate::auth::password::{PasswordGate, check_password};
use crate::auth::person::{check_email, check_name, check_username};
use crate::auth::schemas::{EmailText, NameText, NewPasswordText, RoleWord, UsernameText};
use crate::auth::store::Registration;
use crate::platform::error::{AppError, AppResult, FieldError};

/// What taken names and addresses are called where somebody typed them.
pub(super) const TAKEN: [(&str, &str, &str); 2] = [
    ("users_username_key", "username", "field-username-taken"),
    ("users_email_key", "email", "field-email-taken"),
];

/// Somebody to be registered, as it was typed.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The log-in name.
    #[schema(value_type = UsernameText)]
    pub username: String,
    /// Where mails go.
    #[schema(value_type = EmailText)]
    pub email: String,
    /// The given name.
    #[schema(value_type = NameText)]
    pub name: String,
    /// The family name.
    #[schema(value_type = NameText)]
    pub surname: String,
    /// The password; the hash of it is made before the unit of work is opened.
    #[schema(value_type = NewPasswordText)]
    pub password: String,
    /// The role set, by name.
    #[schema(value_type = Vec<RoleWord>, min_items = 1)]
    pub roles: Vec<String>,
}

impl NewAccount {
    /// The user that this becomes, or everything that is wrong with it.
    ///
    /// # Errors
    /// 422 with each field named.
    pub fn check(&self) -> AppResult<CheckedAccount> {
        let mut errors = Vec::new();
        let username = kept(&mut errors, "username", check_username(&self.username));
        let email = kept(&mut errors, "email", check_email(&self.email));
        let name = kept(&mut errors, "name", check_name(&self.name));
        let surname = kept(&mut errors, "surname", check_name(&self.surname));
        if let Err(message) = check_password(&self.password, &self.username, &self.email) {
            errors.push(FieldError::new("password", message));
        }
        let roles = kept(&mut errors, "roles", RoleSet::parse(&self.roles.join(";")));
        match (username, email, name, surname, roles) {
            (Some(username), Some(email), Some(name), Some(surname), Some(roles))
                if errors.is_empty() =>
            {
                Ok(CheckedAccount {
                    username,
                    email,
                    name,
                    surname,
                    roles,
                })
            }
            _ => Err(AppError::Invalid(errors)),
        }
    }

    /// Somebody who was checked when they asked to register.
    ///
    /// # Errors
    /// Internal, for a role that there is not.
    pub(super) fn checked_before(asked: &Registration, role: &str) -> AppResult<CheckedAccount> {
        let roles = RoleSet::parse(role).map_err(|error| AppError::internal(error.to_string()))?;
        Ok(CheckedAccount {
            username: asked.username.clone(),
            email: asked.email.clone(),
            name: asked.name.clone(),
            surname: asked.surname.clone(),
            roles,
        })
    }

    /// The same with the hash of the password, which is made before the unit of work is opened.
    ///
    /// # Errors
    /// 422 with each field named; 503 when too many passwords are being hashed.
    pub async fn check_and_hash(self, gate: &PasswordGate) -> AppResult<(CheckedAccount, String)> {
        let account = self.check()?;
        Ok((account, gate.hash(self.password).await?))
    }
}

/// Somebody to be registered whose every field is in order.
#[derive(Clone, Debug)]
pub struct CheckedAccount {
    pub(super) username: String,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) surname: String,
    pub(super) roles: RoleSet,
}

/// What was checked; what is wrong with it goes to the errors.
pub(super) fn kept<T, E: FieldProblem>(
    errors: &mut Vec<FieldError>,
    field: &'static str,
    checked: Result<T, E>,
) -> Option<T> {
    checked
        .map_err(|problem| errors.push(FieldError::new(field, problem.message())))
        .ok()
}

/// A problem of one field that knows its message.
pub(super) trait FieldProblem {
    fn message(&self) -> &'static str;
}

impl FieldProblem for crate::auth::person::UsernameError {
    fn message(&self) -> &'static str {
        match self {
            Self::Length => "field-username-length",
            Self::Characters => "field-username-characters",
        }
    }
}

impl FieldProblem for crate::auth::person::EmailError {
    fn message(&self) -> &'static str {
        match self {
            Self::TooLong => "field-email-long",
            Self::Form => "field-email-form",
        }
    }
}

impl FieldProblem for crate::auth::person::NameError {
    fn message(&self) -> &'static str {
        match self {
            Self::Empty => "field-name-empty",
            Self::TooLong => "field-name-long",
            Self::Characters => "field-name-characters",
        }
    }
}

impl FieldProblem for crate::auth::RoleError {
    fn message(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "field-roles-unknown",
            Self::NoRole => "field-roles-empty",
        }
    }
}

impl FieldProblem for crate::auth::UnknownPermission {
    fn message(&self) -> &'static str {
        "field-not-understood"
    }
}

/// A conflict where nothing is wrong but that somebody has this name or address already (A04, A17); other errors stay what they
/// are.
pub(in crate::auth) fn conflict_if_taken(error: AppError) -> AppError {
    match error {
        AppError::Invalid(errors) if is_only_taken(&errors) => match errors.into_iter().next() {
            Some(taken) => AppError::Conflict(taken.message),
            None => AppError::Invalid(Vec::new()),
        },
        other => other,
    }
}

/// Whether a name or an address that somebody has already is all that is wrong.
pub(in crate::auth) fn is_only_taken(errors: &[FieldError]) -> bool {
    let is_taken = |error: &FieldError| {
        TAKEN
            .iter()
            .any(|(.., message)| *message == error.message.id)
    };
    !errors.is_empty() && errors.iter().all(is_taken)
}
