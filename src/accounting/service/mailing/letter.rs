//! From a mail to a letter in the receiver's language: subject, plain text and HTML.

use askama::Template;
use chrono::NaiveDate;
use i18n_embed::fluent::FluentLanguageLoader;
use i18n_embed_fl::fl;

use crate::accounting::store::{ClaimedMail, DayDigest, Figures, Matter};
use crate::platform::config::Config;
use crate::platform::error::{AppError, AppResult};
use crate::platform::i18n::{self, Lang};
use crate::platform::mail::{Letter, MailError};
use crate::platform::money::Money;
use crate::platform::web::parrot;

/// Turns mails into letters in the receiver's language.
pub(in crate::accounting) struct Letters<'a> {
    config: &'a Config,
}

/// What a letter says.
#[derive(Clone, Copy, Debug)]
pub(in crate::accounting) struct Notice<'a> {
    /// The language's code.
    pub language: &'a str,
    /// Name and surname of the receiver.
    pub name: &'a str,
    /// What was paid, or is carried over.
    pub amount: Money,
    /// For which date.
    pub date: NaiveDate,
    /// What it is about.
    pub matter: &'a Matter,
}

/// What all letters have: the figure that counts, a sentence or two, lines of figures, a link.
struct Words {
    subject: String,
    figure: String,
    body: String,
    lines: Vec<(String, String)>,
    path: String,
    link_text: String,
    /// A digest in hex, and the command that computes it again.
    seal: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "mails/letter.txt")]
struct LetterText<'a> {
    l: &'static FluentLanguageLoader,
    name: &'a str,
    words: &'a Words,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "mails/letter.html")]
struct LetterHtml<'a> {
    l: &'static FluentLanguageLoader,
    lang: Lang,
    /// A bird above the words, as SVG; readers that show none lose nothing.
    bird: String,
    name: &'a str,
    words: &'a Words,
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

/// The bird of the payouts, to stand inside of HTML.
fn banker() -> String {
    let bird = parrot::in_mood("banker").unwrap_or_default();
    bird.replacen(
        r#"<svg xmlns="http://www.w3.org/2000/svg""#,
        r#"<svg width="64" height="64" aria-hidden="true""#,
        1,
    )
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
    pub fn of(&self, mail: &ClaimedMail, matter: &Matter) -> Result<Letter, MailError> {
        let notice = Notice {
            language: &mail.language,
            name: &mail.recipient_name,
            amount: mail.amount_minor,
            date: mail.business_date,
            matter,
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

    /// What a letter says: the name, the sum and how it came about (M36).
    ///
    /// # Errors
    /// Internal, when a template fails.
    pub fn content(&self, notice: Notice<'_>) -> AppResult<Content> {
        let lang = Lang::from_code(notice.language).unwrap_or_default();
        let (l, name) = (lang.loader(), notice.name);
        let words = match notice.matter {
            Matter::Payout(figures) => self.payout(lang, &notice, figures.as_ref()),
            Matter::Statement(figures) => self.statement(lang, &notice, figures.as_ref()),
            Matter::Digest(digest) => self.digest(lang, &notice, digest.as_ref()),
        };
        let base = self.config.base_url.as_str().trim_end_matches('/');
        let link = format!("{base}{}", words.path);
        let failed = |error: askama::Error| AppError::Internal(Box::new(error));
        let (words, link) = (&words, link.as_str());
        let text = LetterText {
            l,
            name,
            words,
            link,
        };
        let html = LetterHtml {
            l,
            lang,
            bird: match notice.matter {
                Matter::Payout(_) => banker(),
                Matter::Statement(_) | Matter::Digest(_) => String::new(),
            },
            name,
            words,
            link,
        };
        Ok(Content {
            text: text.render().map_err(failed)?,
            html: html.render().map_err(failed)?,
            subject: words.subject.clone(),
        })
    }

    fn payout(&self, lang: Lang, notice: &Notice<'_>, figures: Option<&Figures>) -> Words {
        let l = lang.loader();
        let figure = i18n::money(lang, notice.amount, &self.config.currency);
        let date = i18n::date(lang, notice.date);
        let (amount, date) = (figure.as_str(), date.as_str());
        Words {
            subject: fl!(l, "mail-payout-subject", amount = amount, date = date),
            body: fl!(l, "mail-payout-body", amount = amount, date = date),
            lines: self.figures(lang, figures),
            path: format!("/account/statements/{}", notice.date),
            link_text: fl!(l, "mail-payout-link"),
            seal: None,
            figure,
        }
    }

    fn statement(&self, lang: Lang, notice: &Notice<'_>, figures: Option<&Figures>) -> Words {
        let l = lang.loader();
        let figure = i18n::money(lang, notice.amount, &self.config.currency);
        let date = i18n::date(lang, notice.date);
        let (amount, date) = (figure.as_str(), date.as_str());
        let body = if notice.amount.is_negative() {
            fl!(l, "mail-statement-debt", amount = amount, date = date)
        } else {
            fl!(l, "mail-statement-zero", date = date)
        };
        Words {
            subject: fl!(l, "mail-statement-subject", amount = amount, date = date),
            body,
            lines: self.figures(lang, figures),
            path: format!("/account/statements/{}", notice.date),
            link_text: fl!(l, "mail-payout-link"),
            seal: None,
            figure,
        }
    }

    fn digest(&self, lang: Lang, notice: &Notice<'_>, digest: Option<&DayDigest>) -> Words {
        let l = lang.loader();
        let money = |amount: Money| i18n::money(lang, amount, &self.config.currency);
        let figure = money(notice.amount);
        let date = i18n::date(lang, notice.date);
        let (amount, date) = (figure.as_str(), date.as_str());
        let lines = digest.map(|day| {
            let mut lines = vec![
                (fl!(l, "column-fees"), money(day.fees_minor)),
                (fl!(l, "column-rewards"), money(day.rewards_minor)),
                (
                    fl!(l, "column-earned"),
                    money(day.fees_minor - day.rewards_minor),
                ),
                (fl!(l, "column-paid"), money(day.paid_minor)),
                (fl!(l, "column-people"), day.people.to_string()),
                (fl!(l, "column-debtors"), day.negative_balances.to_string()),
                (fl!(l, "mail-digest-transfers"), day.transfers.to_string()),
            ];
            if day.held > 0 {
                lines.push((fl!(l, "mail-digest-held"), day.held.to_string()));
            }
            if day.held_now > 0 {
                lines.push((fl!(l, "mail-digest-held-now"), day.held_now.to_string()));
            }
            lines
        });
        Words {
            subject: fl!(l, "mail-digest-subject", amount = amount, date = date),
            body: fl!(l, "mail-digest-body", date = date),
            lines: lines.unwrap_or_default(),
            path: format!("/accounting/days/{}/statement", notice.date),
            link_text: fl!(l, "mail-digest-link"),
            seal: digest
                .map(|day| hex(&day.digest))
                .map(|hex| (hex.clone(), command_of(&hex))),
            figure,
        }
    }

    /// The lines of a statement; corrections only where there were some.
    fn figures(&self, lang: Lang, figures: Option<&Figures>) -> Vec<(String, String)> {
        let l = lang.loader();
        let Some(figures) = figures else {
            return Vec::new();
        };
        let currency = &self.config.currency;
        let (balance, moved) = (
            |amount: Money| i18n::money(lang, amount, currency),
            |amount: Money| i18n::signed(lang, amount, currency),
        );
        let mut lines = vec![
            (fl!(l, "statement-opening"), balance(figures.opening_minor)),
            (fl!(l, "column-fees"), moved(figures.fees_minor)),
            (fl!(l, "column-rewards"), moved(figures.rewards_minor)),
        ];
        if figures.adjustments_minor != Money::ZERO {
            let adjusted = moved(figures.adjustments_minor);
            lines.push((fl!(l, "statement-adjustments"), adjusted));
        }
        lines.push((fl!(l, "statement-payout"), moved(-figures.payout_minor)));
        lines.push((fl!(l, "statement-closing"), balance(figures.closing_minor)));
        lines
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The command that computes the chain again up to a digest, from the ledger alone.
fn command_of(digest: &str) -> String {
    format!(
        "psql \"$DATABASE_URL\" -X -v ON_ERROR_STOP=1 -v head={digest} -f docs/verify-seals.sql"
    )
}
