//! From a mail to a letter in the receiver's language. Links begin with the configured address and with nothing else (A42); the token
//! stands in the fragment, which browsers keep to themselves, and once more by itself, for those whose browser runs no scripts.

use askama::Template;
use i18n_embed::fluent::FluentLanguageLoader;
use i18n_embed_fl::fl;

use super::MailKind;
use crate::auth::store::ClaimedMail;
use crate::platform::config::Config;
use crate::platform::error::{AppError, AppResult};
use crate::platform::i18n::Lang;
use crate::platform::mail::Letter;

/// What a letter says.
struct Words {
    subject: String,
    body: String,
    /// What to do when it was not oneself.
    otherwise: String,
    /// The page that the button leads to, and its label.
    path: &'static str,
    link_text: String,
}

#[derive(Template)]
#[template(path = "auth/account_mail.txt")]
struct LetterText<'a> {
    l: &'static FluentLanguageLoader,
    name: &'a str,
    words: &'a Words,
    link: &'a str,
    page: &'a str,
    token: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "auth/account_mail.html")]
struct LetterHtml<'a> {
    l: &'static FluentLanguageLoader,
    lang: Lang,
    name: &'a str,
    words: &'a Words,
    link: &'a str,
    page: &'a str,
    token: Option<&'a str>,
}

/// The letter of a mail, with the token of its link.
///
/// # Errors
/// Internal, for a kind that is unknown and for a template that fails.
pub(super) fn of(config: &Config, mail: &ClaimedMail, token: Option<&str>) -> AppResult<Letter> {
    let kind = MailKind::parse(&mail.kind)
        .ok_or_else(|| AppError::internal(format!("there is no mail of the kind {}", mail.kind)))?;
    let lang = Lang::from_code(&mail.language).unwrap_or_default();
    let l = lang.loader();
    let words = words(l, kind);
    let base = config.base_url.as_str().trim_end_matches('/');
    let page = format!("{base}{}", words.path);
    let link = token.map_or_else(|| page.clone(), |token| format!("{page}#{token}"));
    let name = &mail.recipient_name;
    let failed = |error: askama::Error| AppError::Internal(Box::new(error));
    let text = LetterText {
        l,
        name,
        words: &words,
        link: &link,
        page: &page,
        token,
    };
    let html = LetterHtml {
        l,
        lang,
        name,
        words: &words,
        link: &link,
        page: &page,
        token,
    };
    Ok(Letter {
        message_id: mail.message_id.clone(),
        to: mail.recipient.clone(),
        to_name: name.clone(),
        text: text.render().map_err(failed)?,
        html: html.render().map_err(failed)?,
        subject: words.subject,
    })
}

fn words(l: &FluentLanguageLoader, kind: MailKind) -> Words {
    match kind {
        MailKind::PasswordReset => Words {
            subject: fl!(l, "mail-reset-subject"),
            body: fl!(l, "mail-reset-body"),
            otherwise: fl!(l, "mail-reset-otherwise"),
            path: "/password/new",
            link_text: fl!(l, "mail-reset-link"),
        },
        MailKind::PasswordChanged => Words {
            subject: fl!(l, "mail-password-changed-subject"),
            body: fl!(l, "mail-password-changed-body"),
            otherwise: fl!(l, "mail-password-changed-otherwise"),
            path: "/password/reset",
            link_text: fl!(l, "mail-password-changed-link"),
        },
        MailKind::AddressChanged => Words {
            subject: fl!(l, "mail-address-changed-subject"),
            body: fl!(l, "mail-address-changed-body"),
            otherwise: fl!(l, "mail-address-changed-otherwise"),
            path: "/profile",
            link_text: fl!(l, "mail-address-changed-link"),
        },
        MailKind::RegistrationProof => Words {
            subject: fl!(l, "mail-proof-subject"),
            body: fl!(l, "mail-proof-body"),
            otherwise: fl!(l, "mail-proof-otherwise"),
            path: "/register/proof",
            link_text: fl!(l, "mail-proof-link"),
        },
        MailKind::RegistrationKnown => Words {
            subject: fl!(l, "mail-known-subject"),
            body: fl!(l, "mail-known-body"),
            otherwise: fl!(l, "mail-proof-otherwise"),
            path: "/password/reset",
            link_text: fl!(l, "mail-password-changed-link"),
        },
        MailKind::RegistrationNameTaken => Words {
            subject: fl!(l, "mail-name-taken-subject"),
            body: fl!(l, "mail-name-taken-body"),
            otherwise: fl!(l, "mail-proof-otherwise"),
            path: "/register",
            link_text: fl!(l, "mail-name-taken-link"),
        },
    }
}
