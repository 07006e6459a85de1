//! One message for the next page: kept in a cookie for a minute, shown once.

use actix_web::cookie::Cookie;
use actix_web::cookie::time::Duration;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{LocalPath, WebSettings, cookies};
use crate::platform::error::Message;
use crate::platform::i18n::{self, Lang};

/// How a flash message is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlashKind {
    /// It was done.
    Ok,
    /// It was done, but.
    Warn,
    /// It was not done.
    Error,
}

/// A message that the next page shows; it names the object and the sum, and has at most one link.
#[derive(Clone, Debug)]
pub struct Flash {
    kind: FlashKind,
    message: Message,
    link: Option<(String, &'static str)>,
}

/// A flash message as the page prints it.
#[derive(Clone, Debug)]
pub struct FlashView {
    /// How it is meant.
    pub kind: FlashKind,
    /// The text in the visitor's language.
    pub text: String,
    /// Where its link leads and what the link says.
    pub link: Option<(String, String)>,
}

impl FlashView {
    /// The class of its box.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self.kind {
            FlashKind::Ok => "ok",
            FlashKind::Warn => "wait",
            FlashKind::Error => "bad",
        }
    }

    /// The role by which screen readers announce it.
    #[must_use]
    pub fn role(&self) -> &'static str {
        if self.kind == FlashKind::Error {
            "alert"
        } else {
            "status"
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Kept {
    k: FlashKind,
    m: String,
    a: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    l: Option<(String, String)>,
}

impl Flash {
    fn new(kind: FlashKind, message: impl Into<Message>) -> Self {
        Self {
            kind,
            message: message.into(),
            link: None,
        }
    }

    /// It was done.
    pub fn ok(message: impl Into<Message>) -> Self {
        Self::new(FlashKind::Ok, message)
    }

    /// It was done, but.
    pub fn warn(message: impl Into<Message>) -> Self {
        Self::new(FlashKind::Warn, message)
    }

    /// It was not done.
    pub fn error(message: impl Into<Message>) -> Self {
        Self::new(FlashKind::Error, message)
    }

    /// The same message with a link to a page of ours; `label` is the id of its text.
    #[must_use]
    pub fn link(mut self, to: impl Into<String>, label: &'static str) -> Self {
        self.link = Some((to.into(), label));
        self
    }

    pub(super) fn cookie(self, settings: &WebSettings) -> Cookie<'static> {
        let kept = Kept {
            k: self.kind,
            m: self.message.id.to_owned(),
            a: self
                .message
                .args
                .into_iter()
                .map(|(name, value)| (name.to_owned(), shortened(value)))
                .collect(),
            l: self.link.map(|(to, label)| (to, label.to_owned())),
        };
        let json = serde_json::to_vec(&kept).unwrap_or_default();
        let value = BASE64_URL_SAFE_NO_PAD.encode(json);
        cookies::build(settings, cookies::FLASH, value, Some(Duration::minutes(1)))
    }
}

/// The message that waits for this request's page, which the browser then forgets.
pub(super) fn take(request: &HttpRequest, lang: Lang) -> Option<FlashView> {
    let value = cookies::value(request, cookies::FLASH)?;
    cookies::set(
        request,
        cookies::removal(WebSettings::of(request), cookies::FLASH),
    );
    let kept: Kept = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(value).ok()?).ok()?;
    if !lang.loader().has(&kept.m) {
        return None;
    }
    let link = kept
        .l
        .and_then(|(to, label)| Some((LocalPath::parse(&to)?.to_string(), label)));
    Some(FlashView {
        kind: kept.k,
        text: i18n::text_of(
            lang,
            &kept.m,
            kept.a
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        ),
        link: link.map(|(to, label)| (to, i18n::text_of(lang, &label, []))),
    })
}

/// Sends the browser on with a GET (303): the answer to every form that was taken.
#[must_use]
pub fn redirect(to: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, to))
        .finish()
}

/// Sends the browser on, with a message for the page there.
#[must_use]
pub fn redirect_with(to: &str, flash: Flash) -> HttpResponse {
    let mut answer = redirect(to);
    answer.extensions_mut().insert(flash);
    answer
}

/// Cookies hold 4 KB: a long argument is cut.
fn shortened(value: String) -> String {
    if value.chars().count() <= 200 {
        return value;
    }
    value.chars().take(199).chain(['…']).collect()
}
