//! Showing a credential again before an act with consequences (re-authentication): one mechanism for every form.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::{StatusCode, header};
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse};
use askama::Template;
use i18n_embed_fl::fl;
use serde::de::DeserializeOwned;

use super::login::keep_session;
use crate::auth::service;
use crate::auth::web::{Confirmed, data, origin_of};
use crate::auth::{Actor, PasswordGate, Viewer};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, FieldError};
use crate::platform::web::{
    Drawn, FORM_LIMIT, FormErrors, Frame, cookies, csrf, fit, read_pairs, render_with,
};

/// The field of the password that is asked for.
const FIELD: &str = "confirm_password";

/// The body of a form of an act with consequences, in place of [`crate::platform::web::FormBody`]: whoever has not shown a credential within the last
/// five minutes is asked for the password first, on a page that carries the form's own fields along, and gets a new session id.
///
/// Refuses as `FormBody` does; 403 with the question, 422 for a wrong password, 429 after too many.
#[derive(Clone, Debug)]
pub struct ConfirmedForm<T> {
    form: T,
    csrf: String,
}

impl<T> ConfirmedForm<T> {
    /// The form; the page that answers gets the form token of the session's new id.
    pub fn into_inner(self, viewer: &mut Viewer) -> T {
        viewer.frame.csrf = self.csrf;
        self.form
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for ConfirmedForm<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let mut pairs = read_pairs(&request, payload, FORM_LIMIT).await?;
            let password = pairs
                .iter()
                .position(|(name, _)| name == FIELD)
                .map(|position| pairs.remove(position).1);
            let form = fit(pairs.clone())?;
            match confirm(&request, password).await? {
                Answer::Confirmed => Ok(Self {
                    form,
                    csrf: csrf::token(&request),
                }),
                Answer::Refused(status, errors, retry_after) => {
                    Err(question(&request, status, &errors, retry_after, pairs)?)
                }
            }
        })
    }
}

enum Answer {
    Confirmed,
    Refused(StatusCode, Vec<FieldError>, Option<u32>),
}

async fn confirm(request: &HttpRequest, password: Option<String>) -> AppResult<Answer> {
    let (actor, confirmed) = {
        let extensions = request.extensions();
        let actor = extensions.get::<Actor>().cloned();
        (
            actor.ok_or(AppError::Unauthenticated)?,
            extensions.get::<Confirmed>().is_some_and(|fresh| fresh.0),
        )
    };
    if confirmed {
        return Ok(Answer::Confirmed);
    }
    let Some(password) = password else {
        return Ok(Answer::Refused(StatusCode::FORBIDDEN, Vec::new(), None));
    };
    let (db, gate) = (data::<Db>(request)?, data::<PasswordGate>(request)?);
    let origin = origin_of(request, Some(actor.id.0));
    match service::confirm_password(db, gate, &origin, actor.id, password).await {
        Ok(()) => {}
        Err(AppError::Invalid(_)) => {
            let wrong = FieldError::new(FIELD, "field-password-wrong");
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(Answer::Refused(status, vec![wrong], None));
        }
        Err(AppError::TooManyRequests {
            message,
            retry_after,
        }) => {
            let later = FieldError::new(FIELD, message);
            let status = StatusCode::TOO_MANY_REQUESTS;
            return Ok(Answer::Refused(status, vec![later], Some(retry_after)));
        }
        Err(error) => return Err(error),
    }
    let secret = cookies::session_value(request).ok_or(AppError::Unauthenticated)?;
    let fresh = service::confirm_session(db, origin, &secret).await?;
    keep_session(request, fresh);
    Ok(Answer::Confirmed)
}

#[derive(Template)]
#[template(path = "auth/confirmation.html")]
struct ConfirmationPage {
    frame: Frame,
    errors: FormErrors,
    /// Where the form goes.
    action: String,
    /// What the form said.
    fields: Vec<(String, String)>,
}

/// The page that asks for the password and carries the form along.
fn question(
    request: &HttpRequest,
    status: StatusCode,
    errors: &[FieldError],
    retry_after: Option<u32>,
    fields: Vec<(String, String)>,
) -> AppResult<Error> {
    let frame = Frame::of(request);
    let page = ConfirmationPage {
        errors: FormErrors::new(frame.lang, errors),
        frame,
        action: request.path().to_owned(),
        fields,
    };
    let mut answer: HttpResponse = render_with(status, &page)?;
    answer.extensions_mut().insert(Drawn);
    if let Some(seconds) = retry_after {
        answer
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(InternalError::from_response("a credential must be shown again", answer).into())
}
