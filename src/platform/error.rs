//! The one error type of use cases and handlers.
//!
//! The visitor hears what to do next; the log gets the cause, once; the caller gets a variant only where it can act on it.
//! How an error looks as a page or as a problem document is decided in one layer (`web::errors`).

use std::fmt;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// A sentence for people, as the id of a message with its arguments; the language is chosen where it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The message's id in `i18n/*/ates.ftl`.
    pub id: &'static str,
    /// Its arguments, by name.
    pub args: Vec<(&'static str, String)>,
}

impl Message {
    /// A message without arguments.
    #[must_use]
    pub fn new(id: &'static str) -> Self {
        Self {
            id,
            args: Vec::new(),
        }
    }

    /// The same message with one argument more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, value.to_string()));
        self
    }
}

impl From<&'static str> for Message {
    fn from(id: &'static str) -> Self {
        Self::new(id)
    }
}

/// What is wrong with one field of a form or of a JSON body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name as the form or the body has it.
    pub field: &'static str,
    /// What is wrong, for people.
    pub message: Message,
}

impl FieldError {
    /// An error at `field`.
    pub fn new(field: &'static str, message: impl Into<Message>) -> Self {
        Self {
            field,
            message: message.into(),
        }
    }
}

/// Everything that can end a request otherwise than well.
#[derive(Debug)]
pub enum AppError {
    /// 404: unknown, or not theirs to know.
    NotFound,
    /// 403: signed in, but not allowed.
    Forbidden,
    /// 403 with the reason: signed in, but not allowed any more, or not this.
    Refused(Message),
    /// 401, or the log-in page.
    Unauthenticated,
    /// 422: bad input, each field named.
    Invalid(Vec<FieldError>),
    /// 409: lost a race, or in the wrong state.
    Conflict(Message),
    /// 409: the same request, by its `Idempotency-Key`, is under way.
    InFlight,
    /// 429: too often; try again after so many seconds.
    TooManyRequests { message: Message, retry_after: u32 },
    /// 503: not now; try again after so many seconds.
    Unavailable { message: Message, retry_after: u32 },
    /// 503: the emergency stop is set, for this reason (R14).
    Stopped(Message),
    /// 500: our fault. The cause goes to the log, never to the visitor.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

/// The cause of an internal error that was a panic.
#[derive(Debug)]
pub struct Panicked(pub String);

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panic: {}", self.0)
    }
}

impl std::error::Error for Panicked {}

/// What use cases return.
pub type AppResult<T> = Result<T, AppError>;

impl AppError {
    /// An internal error with a reason in words.
    pub fn internal(reason: impl Into<String>) -> Self {
        Self::Internal(reason.into().into())
    }

    /// Bad input in one field.
    pub fn field(field: &'static str, message: impl Into<Message>) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }

    /// A conflict with the present state.
    pub fn conflict(message: impl Into<Message>) -> Self {
        Self::Conflict(message.into())
    }

    /// Turns the violation of a named constraint into an error at a field; other errors stay what they are.
    #[must_use]
    pub fn at_constraint(
        error: DieselError,
        constraints: &[(&str, &'static str, &'static str)],
    ) -> Self {
        if let DieselError::DatabaseError(_, detail) = &error
            && let Some(name) = detail.constraint_name()
            && let Some((_, field, message)) = constraints.iter().find(|(known, ..)| *known == name)
        {
            return Self::field(field, *message);
        }
        error.into()
    }

    /// Whether it was a panic.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self, Self::Internal(cause) if cause.is::<Panicked>())
    }

    /// Whether the database failed at something, or was away, rather than our own code or the caller.
    #[must_use]
    pub fn is_of_database(&self) -> bool {
        match self {
            Self::Unavailable { message, .. } => {
                matches!(message.id, "error-database-away" | "error-database-silent")
            }
            Self::Internal(cause) => cause.is::<DieselError>(),
            _ => false,
        }
    }

    /// Whether a module's tables are missing or refused to it: the module is down, whoever asked did nothing wrong, and an operator
    /// mends it (T28). Its events are parked one by one all the same, as one of them may be what cannot be written.
    #[must_use]
    pub fn is_of_broken_tables(&self) -> bool {
        let Self::Internal(cause) = self else {
            return false;
        };
        matches!(
            cause.downcast_ref(),
            Some(DieselError::DatabaseError(_, detail)) if is_about_broken_tables(detail.message())
        )
    }

    /// Whether the same work may succeed when it is simply tried again later: the database was away, busy or took another side
    /// in a race. Nobody is to blame for these.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. } | Self::TooManyRequests { .. } | Self::Stopped(_)
        )
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("not found"),
            Self::Forbidden => f.write_str("not allowed"),
            Self::Refused(message) => write!(f, "not allowed: {}", message.id),
            Self::Unauthenticated => f.write_str("not signed in"),
            Self::Invalid(fields) => {
                f.write_str("invalid input:")?;
                fields
                    .iter()
                    .try_for_each(|error| write!(f, " {} ({})", error.field, error.message.id))
            }
            Self::Conflict(message) => write!(f, "conflict: {}", message.id),
            Self::InFlight => f.write_str("the same request is under way"),
            Self::TooManyRequests { .. } => f.write_str("too many requests"),
            Self::Unavailable { message, .. } => write!(f, "unavailable: {}", message.id),
            Self::Stopped(message) => {
                f.write_str("the emergency stop is set")?;
                message
                    .args
                    .iter()
                    .try_for_each(|(name, value)| write!(f, ", {name}: {value}"))
            }
            Self::Internal(cause) => write!(f, "internal error: {cause}"),
        }
    }
}

impl std::error::Error for AppError {}

impl From<DieselError> for AppError {
    fn from(error: DieselError) -> Self {
        if let DieselError::DatabaseError(_, detail) = &error
            && let Some(refusal) = super::stop::refusal(detail.as_ref())
        {
            return refusal;
        }
        if let DieselError::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _) = &error {
            tracing::warn!(error = %error, "the database takes no changes");
            return Self::Unavailable {
                message: "error-read-only".into(),
                retry_after: 5,
            };
        }
        if let DieselError::DatabaseError(_, detail) = &error
            && super::damage::note(detail.message())
        {
            return Self::Internal(Box::new(error));
        }
        if is_transient_database_error(&error) {
            tracing::warn!(error = %error, "the database could not do this now");
            return Self::Unavailable {
                message: "error-database-away".into(),
                retry_after: 5,
            };
        }
        Self::Internal(Box::new(error))
    }
}

/// Codes 42P01, 3F000 and 42501; the library gives a message but no code.
fn is_about_broken_tables(message: &str) -> bool {
    let missing = ["relation ", "schema "]
        .iter()
        .any(|what| message.starts_with(what))
        && message.ends_with(" does not exist");
    missing || message.starts_with("permission denied for ")
}

fn is_transient_database_error(error: &DieselError) -> bool {
    // Classes 08, 40, 53, 55, 57 and the lock time-out; the library gives a message but no code.
    const TRANSIENT: [&str; 15] = [
        "canceling statement due to",
        "terminating connection",
        "deadlock detected",
        "could not serialize access",
        "the database system is",
        "server closed the connection",
        "no connection to the server",
        "connection to server",
        "SSL connection has been closed",
        "could not extend file",
        "could not obtain lock",
        "too many clients",
        "remaining connection slots",
        "out of memory",
        "out of shared memory",
    ];
    match error {
        DieselError::BrokenTransactionManager => true,
        DieselError::DatabaseError(kind, detail) => {
            matches!(
                kind,
                DatabaseErrorKind::ClosedConnection
                    | DatabaseErrorKind::UnableToSendCommand
                    | DatabaseErrorKind::SerializationFailure
            ) || TRANSIENT
                .iter()
                .any(|start| detail.message().contains(start))
        }
        _ => false,
    }
}
