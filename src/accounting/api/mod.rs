//! The API's four money endpoints, the payout runs, and `pay_to_workers` (contract, section 3).

mod company;
mod payouts;
mod transfers;

use actix_web::web::{ServiceConfig, get, post, resource};
use utoipa::OpenApi;

/// Mounts the operations.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/api/v1/accounting/balance").route(get().to(transfers::show_balance)))
        .service(
            resource("/api/v1/accounting/transfers")
                .route(get().to(transfers::show_account_transfers)),
        )
        .service(
            resource("/api/v1/accounting/company/transfers")
                .route(get().to(transfers::show_all_account_transfers)),
        )
        .service(
            resource("/api/v1/accounting/company/earnings")
                .route(get().to(company::company_earnings)),
        )
        .service(
            resource("/api/v1/accounting/payouts")
                .route(get().to(payouts::list_payouts))
                .route(post().to(payouts::pay_to_workers)),
        )
        .service(
            resource("/api/v1/accounting/payouts/{date}").route(get().to(payouts::show_payout)),
        );
}

/// The operations in the API's document.
#[derive(OpenApi)]
#[openapi(
    tags((name = "accounting", description = "Balances, transfers, earnings and payouts; amounts in minor units")),
    paths(
        transfers::show_balance, transfers::show_account_transfers, transfers::show_all_account_transfers,
        company::company_earnings, payouts::pay_to_workers, payouts::list_payouts, payouts::show_payout,
    ),
)]
pub(super) struct Document;
