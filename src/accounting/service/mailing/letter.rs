//! From a mail to a letter in the receiver's language: subject, plain text and HTML.

use askama::Template;
use chrono::NaiveDate;
use i18n_embed::fluent::FluentLanguageLoader;
use i18n_embed_fl::fl;

use crate::accounting::store::ClaimedMail;
use crate::platform::config::Config;
use crate::platform::error::{AppError, AppResult};
use crate::platform::i18n::{self, Lang};
use crate::platform::mail::{Letter, MailError};
use crate::platform::money::Money;

/// Turns mails into letters in the receiver's language.
pub(in crate::accounting) struct Letters<'a> {
    config: &'a Config,
}

/// What the letter about a payout says.
#[derive(Clone, Copy, Debug)]
pub(in crate::accounting) struct Notice<'a> {
    /// The language's code.
    pub language: &'a str,
    /// Name and surname of the receiver.
    pub name: &'a str,
    /// What was paid.
    pub amount: Money,
    /// For which date.
    pub date: NaiveDate,
}

#[derive(Template)]
#[template(path = "mails/payout.txt")]
struct PayoutText<'a> {
    l: &'static FluentLanguageLoader,
    name: &'a str,
    amount: &'a str,
    date: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "mails/payout.html")]
struct PayoutHtml<'a> {
    l: &'static FluentLanguageLoader,
    lang: Lang,
    subject: &'a str,
    name: &'a str,
    amount: &'a str,
    date: &'a str,
    link: &'a str,
}

/// A letter's subject and its two bodies.
#[derive(Clone, Debug)]
pub(in crate::accounting) struct Content {
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

impl<'a> Letters<'a> {
    /// Letters of the configured company.
    pub fn new(config: &'a Config) -> Self {
        Self { config }
    }

    /// The letter of a mail that is about to be sent.
    ///
    /// # Errors
    /// Refused, when a template fails: it would fail again.
    pub fn of(&self, mail: &ClaimedMail) -> Result<Letter, MailError> {
        let notice = Notice {
            language: &mail.language,
            name: &mail.recipient_name,
            amount: mail.amount_minor,
            date: mail.business_date,
        };
        let content = self
            .content(notice)
            .map_err(|error| MailError::Refused(error.to_string()))?;
        Ok(Letter {
            message_id: mail.message_id.clone(),
            to: mail.recipient.clone(),
            to_name: mail.recipient_name.clone(),
            subject: content.subject,
            text: content.text,
            html: content.html,
        })
    }

    /// What a letter says: the name and the sum (M36).
    ///
    /// # Errors
    /// Internal, when a template fails.
    pub fn content(&self, notice: Notice<'_>) -> AppResult<Content> {
        let lang = Lang::from_code(notice.language).unwrap_or_default();
        let l = lang.loader();
        let amount = i18n::money(lang, notice.amount, &self.config.currency);
        let date = i18n::date(lang, notice.date);
        let link = format!(
            "{}/account?from={date}&to={date}",
            self.config.base_url.as_str().trim_end_matches('/'),
            date = notice.date
        );
        let subject = fl!(
            l,
            "mail-payout-subject",
            amount = amount.as_str(),
            date = date.as_str()
        );
        let (name, amount, date, link) =
            (notice.name, amount.as_str(), date.as_str(), link.as_str());
        let failed = |error: askama::Error| AppError::Internal(Box::new(error));
        let text = PayoutText {
            l,
            name,
            amount,
            date,
            link,
        }
        .render()
        .map_err(failed)?;
        let html = PayoutHtml {
            l,
            lang,
            subject: &subject,
            name,
            amount,
            date,
            link,
        }
        .render()
        .map_err(failed)?;
        Ok(Content {
            subject,
            text,
            html,
        })
    }
}
