//! What people may want to read: how tasks become money, the keys, and how accessible the pages are. Open to everybody, also to those
//! who cannot log in.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, get, resource};
use askama::Template;
use i18n_embed_fl::fl;

use crate::platform::config::Config;
use crate::platform::error::AppResult;
use crate::platform::money::Money;
use crate::platform::web::{Frame, render};

/// Mounts the pages.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/help").route(get().to(show_help)))
        .service(resource("/help/shortcuts").route(get().to(show_shortcuts)))
        .service(resource("/about/accessibility").route(get().to(show_accessibility)));
}

#[derive(Template)]
#[template(path = "app/shortcuts.html")]
struct ShortcutsPage {
    frame: Frame,
}

async fn show_shortcuts(request: HttpRequest) -> AppResult<HttpResponse> {
    render(&ShortcutsPage {
        frame: Frame::of(&request),
    })
}

#[derive(Template)]
#[template(path = "app/accessibility.html")]
struct AccessibilityPage {
    frame: Frame,
}

async fn show_accessibility(request: HttpRequest) -> AppResult<HttpResponse> {
    render(&AccessibilityPage {
        frame: Frame::of(&request),
    })
}

#[derive(Template)]
#[template(path = "app/help.html")]
struct HelpPage {
    frame: Frame,
    fee: (String, String),
    reward: (String, String),
    payout_at: String,
    example: Vec<Step>,
}

/// A step of the worked example.
struct Step {
    what: String,
    amount: Option<Money>,
    balance: Money,
}

async fn show_help(request: HttpRequest, config: Data<Config>) -> AppResult<HttpResponse> {
    let frame = Frame::of(&request);
    render(&HelpPage {
        fee: (
            frame.money_text(&config.fee.min),
            frame.money_text(&config.fee.max),
        ),
        reward: (
            frame.money_text(&config.reward.min),
            frame.money_text(&config.reward.max),
        ),
        payout_at: format!(
            "{} {}",
            config.payout_at.format("%H:%M"),
            config.zone.0.name()
        ),
        example: example(&frame, &config),
        frame,
    })
}

/// Two days of somebody, in amounts that this company's prices may have: one ends with a debt, the next one pays it off.
fn example(frame: &Frame, config: &Config) -> Vec<Step> {
    let middle = |min: Money, max: Money| {
        // Whole units, as people calculate in their heads.
        Money::from_minor((min.minor() + max.minor()) / 200 * 100)
    };
    let fee = middle(config.fee.min, config.fee.max);
    let reward = middle(config.reward.min, config.reward.max);
    let (cheap, dear) = (config.fee.min, config.fee.max);
    let l = frame.l;
    let steps = [
        (fl!(l, "help-step-drawn", task = "A"), Some(-fee)),
        (fl!(l, "help-step-done", task = "A"), Some(reward)),
        (fl!(l, "help-step-drawn", task = "B"), Some(-dear)),
        (fl!(l, "help-step-drawn", task = "C"), Some(-fee)),
        (fl!(l, "help-step-shuffled"), Some(-fee)),
        (fl!(l, "help-step-shuffled-more"), Some(-cheap)),
        (fl!(l, "help-step-midnight"), None),
        (fl!(l, "help-step-done", task = "C"), Some(reward)),
        (fl!(l, "help-step-done", task = "D"), Some(reward)),
        (fl!(l, "help-step-midnight"), None),
    ];
    let mut balance = Money::ZERO;
    let mut told = Vec::new();
    for (what, amount) in steps {
        let (what, amount) = match amount {
            Some(amount) => (what, Some(amount)),
            None if balance.is_positive() => {
                let paid = fl!(l, "help-step-paid", moment = what);
                (paid, Some(-balance))
            }
            None => (fl!(l, "help-step-carried", moment = what), None),
        };
        balance = balance + amount.unwrap_or(Money::ZERO);
        told.push(Step {
            what,
            amount,
            balance,
        });
    }
    told
}
