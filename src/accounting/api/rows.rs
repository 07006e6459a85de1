//! Rows of the logs of accounts.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::accounting::queries::{EmployeeRef, Movement, MovementKind, TaskRef};
use crate::accounting::views::description;
use crate::events::TransferKind;
use crate::platform::config::Config;
use crate::platform::money::Money;
use crate::platform::web::api::{List, Named, words};
use crate::platform::web::{PageOf, lang_of};

/// What moved an account, or was told on it.
pub(super) struct MovementWord;

impl PartialSchema for MovementWord {
    fn schema() -> RefOr<Schema> {
        words(MovementKind::ALL.map(MovementKind::as_str))
    }
}

impl ToSchema for MovementWord {}

/// What moved an account.
pub(super) struct TransferWord;

impl PartialSchema for TransferWord {
    fn schema() -> RefOr<Schema> {
        words(TransferKind::ALL.map(TransferKind::as_str))
    }
}

impl ToSchema for TransferWord {}

/// The task that a transfer is about.
#[derive(Serialize, ToSchema)]
#[schema(as = TransferTask)]
struct TaskAnswer {
    uid: Uuid,
    /// `null` while it is not known yet.
    #[schema(required)]
    title: Option<String>,
    #[schema(required)]
    jira_id: Option<String>,
}

/// A row of an account's log.
#[derive(Serialize, ToSchema)]
#[schema(as = Transfer)]
pub(super) struct TransferAnswer {
    uid: Uuid,
    /// Whose account; in the company's log alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Named>,
    at: DateTime<Utc>,
    business_date: NaiveDate,
    #[schema(value_type = MovementWord)]
    kind: &'static str,
    /// Above zero for what they get, below zero for what they are charged or paid out.
    amount_minor: Money,
    /// The balance after it.
    balance_minor: Money,
    #[schema(required)]
    task: Option<TaskAnswer>,
    /// In the language that `Accept-Language` asks for.
    description: String,
}

/// A piece of the list as an answer.
pub(super) fn list(page: PageOf<TransferAnswer>) -> HttpResponse {
    HttpResponse::Ok().json(List::from(page))
}

/// A row of a log as an answer; with its owner in the company's.
pub(super) fn transfer_answer(
    request: &HttpRequest,
    config: &Config,
    employee: Option<EmployeeRef>,
    movement: Movement,
) -> TransferAnswer {
    TransferAnswer {
        uid: movement.uid,
        user: employee.map(|EmployeeRef { uid, name }| Named { uid, name }),
        at: movement.at,
        business_date: movement.business_date,
        kind: movement.kind.as_str(),
        amount_minor: movement.amount,
        balance_minor: movement.balance,
        description: description(lang_of(request), &movement, &config.currency),
        task: movement.task.map(
            |TaskRef {
                 uid,
                 title,
                 jira_id,
                 ..
             }| TaskAnswer {
                uid,
                title,
                jira_id,
            },
        ),
    }
}
