//! The pages about money: extract, ask one query or use case, show.

mod account;
mod balances;
mod bank;
mod company;
mod corrections;
mod day;
mod mails;
mod payouts;
mod statements;
mod tables;

use actix_web::http::StatusCode;
use actix_web::web::{ServiceConfig, get, post, resource};
use chrono::NaiveDate;
use uuid::Uuid;

use super::period::Period;
use super::views::PeriodForm;
use crate::platform::clock::{next_day, previous_day};
use crate::platform::error::{AppError, AppResult};
use crate::platform::i18n::Lang;
use crate::platform::web::FormErrors;

/// Mounts the pages.
pub(super) fn configure(app: &mut ServiceConfig) {
    tables::configure(app);
    app.route("/account", get().to(account::show_account))
        .route(
            "/account/statement",
            get().to(statements::show_period_statement),
        )
        .route(
            "/account/statement.csv",
            get().to(statements::download_period_statement),
        )
        .route("/account/statements", get().to(statements::list_statements))
        .route(
            "/account/statements/{date}.csv",
            get().to(statements::download_statement),
        )
        .route(
            "/account/statements/{date}",
            get().to(statements::show_statement),
        )
        .route("/account/bank-account", get().to(bank::show_bank_account))
        .route("/account/bank-account", post().to(bank::set_bank_account))
        .route(
            "/accounting/payouts/{date}.xml",
            get().to(bank::download_bank_file),
        )
        .route(
            "/accounting/payouts/{date}/bank-file",
            post().to(bank::make_bank_file),
        )
        .route("/accounting", get().to(company::show_company))
        .route("/accounting/balances", get().to(balances::show_balances))
        .route("/accounting/recount", get().to(balances::show_recount))
        .route("/accounting/days/{date}", get().to(day::show_day))
        .route(
            "/accounting/days/{date}/statement",
            get().to(statements::show_company_statement),
        )
        .route(
            "/accounting/days/{date}/statement.csv",
            get().to(statements::download_company_statement),
        )
        .route("/accounting/payouts", get().to(payouts::list_payouts))
        .route("/accounting/payouts", post().to(payouts::pay_to_workers))
        .route(
            "/accounting/payouts/{date}",
            get().to(payouts::show_payout_run),
        )
        .route(
            "/accounting/corrections",
            get().to(corrections::list_corrections),
        )
        .route(
            "/accounting/corrections",
            post().to(corrections::request_correction),
        )
        .route(
            "/accounting/corrections/new",
            get().to(corrections::new_correction),
        )
        .route(
            "/accounting/corrections/missing",
            get().to(corrections::new_missing),
        )
        .route(
            "/accounting/corrections/missing",
            post().to(corrections::request_missing),
        )
        .route(
            "/accounting/corrections/{id}",
            get().to(corrections::show_correction),
        )
        .route(
            "/accounting/corrections/{id}/confirmation",
            post().to(corrections::confirm_correction),
        )
        .route(
            "/accounting/corrections/{id}/rejection",
            post().to(corrections::reject_correction),
        )
        .route(
            "/accounting/corrections/{id}/withdrawal",
            post().to(corrections::withdraw_correction),
        )
        .route("/admin/mails", get().to(mails::list_mails))
        .service(resource("/admin/mails/attempts").route(post().to(mails::send_given_up_again)))
        .route("/admin/mails/{id}", get().to(mails::show_mail))
        .route("/admin/mails/{id}/preview", get().to(mails::preview_mail))
        .route(
            "/admin/mails/{id}/attempts",
            post().to(mails::send_mail_again),
        );
}

/// What was asked for.
struct AskedPeriod {
    period: Period,
    form: PeriodForm,
    errors: FormErrors,
}

impl AskedPeriod {
    /// 200, or 422 when it was wrong.
    fn status(&self) -> StatusCode {
        if self.errors.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    }
}

/// A period as it was asked for, with the form that shows it. A wrong one leaves the default period and the errors.
fn read_period(
    lang: Lang,
    from: Option<&str>,
    to: Option<&str>,
    default: Period,
) -> AppResult<AskedPeriod> {
    let (period, errors) = match Period::parse(from, to, default) {
        Ok(period) => (period, FormErrors::none()),
        Err(AppError::Invalid(errors)) => (default, FormErrors::new(lang, &errors)),
        Err(error) => return Err(error),
    };
    let shown = |given: Option<&str>, date: NaiveDate| match given.filter(|_| !errors.is_empty()) {
        Some(given) => given.to_owned(),
        None => date.to_string(),
    };
    let form = PeriodForm {
        from: shown(from, period.from),
        to: shown(to, period.to),
    };
    Ok(AskedPeriod {
        period,
        form,
        errors,
    })
}

/// A period that need not be named; none when it is not.
fn dates_of(from: Option<&str>, to: Option<&str>, today: NaiveDate) -> AppResult<Option<Period>> {
    let named = [from, to]
        .into_iter()
        .flatten()
        .any(|text| !text.is_empty());
    if !named {
        return Ok(None);
    }
    Period::parse(from, to, Period::day(today)).map(Some)
}

/// The period of the same length before, and the one after.
fn neighbours_of(period: Period) -> (Period, Period) {
    let length = period.to - period.from;
    let (before, after) = (previous_day(period.from), next_day(period.to));
    (
        Period {
            from: before - length,
            to: before,
        },
        Period {
            from: after,
            to: after + length,
        },
    )
}

/// A person named in an address; 404 for what is no id.
fn read_user(user: Option<&str>) -> AppResult<Option<Uuid>> {
    user.filter(|text| !text.is_empty())
        .map(|text| text.parse().map_err(|_| AppError::NotFound))
        .transpose()
}
