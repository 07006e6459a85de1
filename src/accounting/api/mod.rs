//! The API's four money endpoints, the payout runs, and `pay_to_workers` (contract, section 3).

mod company;
mod payouts;
mod transfers;

use actix_web::HttpResponse;
use actix_web::web::{ServiceConfig, get, post};
use serde::Serialize;
use uuid::Uuid;

use crate::platform::web::PageOf;

/// Mounts the operations.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.route(
        "/api/v1/accounting/balance",
        get().to(transfers::show_balance),
    )
    .route(
        "/api/v1/accounting/transfers",
        get().to(transfers::show_account_transfers),
    )
    .route(
        "/api/v1/accounting/company/transfers",
        get().to(transfers::show_all_account_transfers),
    )
    .route(
        "/api/v1/accounting/company/earnings",
        get().to(company::company_earnings),
    )
    .route(
        "/api/v1/accounting/payouts",
        post().to(payouts::pay_to_workers),
    )
    .route(
        "/api/v1/accounting/payouts",
        get().to(payouts::list_payouts),
    )
    .route(
        "/api/v1/accounting/payouts/{date}",
        get().to(payouts::show_payout),
    );
}

#[derive(Serialize)]
struct UserAnswer {
    uid: Uuid,
    name: String,
}

#[derive(Serialize)]
struct ListAnswer<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

fn list<T: Serialize>(page: PageOf<T>) -> HttpResponse {
    HttpResponse::Ok().json(ListAnswer {
        items: page.items,
        next_cursor: page.next,
    })
}
