//! Where one is logged in, and the tokens that one's scripts have (A08).

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::Duration;
use i18n_embed_fl::fl;
use serde::Deserialize;
use uuid::Uuid;

use super::login::Nothing;
use crate::auth::service::{self, TokenRequest, hash_of, may_use};
use crate::auth::store::{self, ApiTokenRow, SessionRow};
use crate::auth::{Actor, ConfirmedForm, Operation, ROLE, TokenScope, Viewer};
use crate::platform::config::Config;
use crate::platform::db::{Db, once};
use crate::platform::error::{AppError, AppResult, FieldError, Message};
use crate::platform::i18n::{Lang, text_of};
use crate::platform::web::{
    Flash, FormBody, FormErrors, Frame, cookies, redirect_with, render_with,
};

const HERE: &str = "/profile/access";

#[derive(Template)]
#[template(path = "auth/access.html")]
struct AccessPage {
    frame: Frame,
    errors: FormErrors,
    sessions: Vec<SessionRow>,
    tokens: TokensView,
    action: String,
}

/// The tokens of somebody with the form for another; also on an administrator's page of a service.
pub(super) struct TokensView {
    pub rows: Vec<TokenView>,
    pub form: TokenForm,
    pub scopes: Vec<ScopeChoice>,
    /// A token that was just made, shown this once.
    pub fresh: Option<String>,
}

pub(super) struct TokenView {
    pub row: ApiTokenRow,
    pub scopes: String,
}

/// A scope to be ticked.
pub(super) struct ScopeChoice {
    pub code: &'static str,
    pub name: String,
    pub chosen: bool,
}

/// A token to be made.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenForm {
    pub key: Uuid,
    pub token_name: String,
    pub days: i64,
    #[serde(default)]
    pub scopes: Vec<String>,
}

impl From<TokenForm> for TokenRequest {
    fn from(form: TokenForm) -> Self {
        Self {
            name: form.token_name,
            scopes: form.scopes,
            days: form.days,
        }
    }
}

impl TokensView {
    /// The tokens of `owner`, and the form as it was sent, if it was.
    pub fn new(
        lang: Lang,
        owner: &Actor,
        rows: Vec<ApiTokenRow>,
        form: Option<TokenForm>,
        fresh: Option<String>,
    ) -> Self {
        let form = form.unwrap_or_else(|| TokenForm {
            days: 90,
            ..TokenForm::default()
        });
        Self {
            rows: rows
                .into_iter()
                .map(|row| TokenView {
                    scopes: row
                        .scopes
                        .iter()
                        .map(|name| scope_name(lang, name))
                        .collect::<Vec<_>>()
                        .join(", "),
                    row,
                })
                .collect(),
            scopes: TokenScope::ALL
                .into_iter()
                .filter(|scope| may_use(owner, *scope))
                .map(|scope| ScopeChoice {
                    code: scope.as_str(),
                    name: scope_name(lang, scope.as_str()),
                    chosen: form.scopes.iter().any(|name| name == scope.as_str()),
                })
                .collect(),
            form,
            fresh,
        }
    }
}

fn scope_name(lang: Lang, scope: &str) -> String {
    text_of(lang, &format!("scope-{}", scope.replace('_', "-")), [])
}

pub(super) async fn show_access(
    request: HttpRequest,
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    page(&request, viewer, &db, &config, None, Ok(None)).await
}

/// The page; `made` is a token that was just made or what was wrong with the form for it.
async fn page(
    request: &HttpRequest,
    viewer: Viewer,
    db: &Db,
    config: &Config,
    form: Option<TokenForm>,
    made: Result<Option<String>, Vec<FieldError>>,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::OwnSessions)?;
    let id = viewer.actor.id.0;
    let current = cookies::session_value(request).map(|secret| hash_of(&secret));
    let now = db.clock().now();
    let idle = Duration::from_std(config.session_idle).unwrap_or(Duration::hours(1));
    let (sessions, rows) = db
        .read(ROLE, move |conn| {
            Ok((
                store::list_sessions(conn, id, current.as_deref(), now - idle, now)?,
                store::list_api_tokens(conn, id, now)?,
            ))
        })
        .await?;
    let mut frame = viewer.frame;
    let status = if made.is_err() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let (fresh, errors) = match made {
        Ok(fresh) => (fresh, Vec::new()),
        Err(errors) => (None, errors),
    };
    if let Some(form) = form.as_ref().filter(|_| !errors.is_empty()) {
        frame.key = form.key;
    }
    let form = form.filter(|_| !errors.is_empty());
    render_with(
        status,
        &AccessPage {
            errors: FormErrors::new(frame.lang, &errors),
            tokens: TokensView::new(frame.lang, &viewer.actor, rows, form, fresh),
            action: "/profile/tokens".to_owned(),
            sessions,
            frame,
        },
    )
}

pub(super) async fn end_session(
    viewer: Viewer,
    db: Data<Db>,
    session: Path<Uuid>,
    _form: FormBody<Nothing>,
) -> AppResult<HttpResponse> {
    let (actor, id) = (viewer.actor.clone(), session.into_inner());
    db.transaction(ROLE, viewer.origin(), move |tx| {
        service::end_session(tx, &actor, id)
    })
    .await?;
    Ok(redirect_with(
        HERE,
        Flash::ok(Message::new("flash-session-ended")),
    ))
}

pub(super) async fn end_other_sessions(
    request: HttpRequest,
    viewer: Viewer,
    db: Data<Db>,
    _form: FormBody<Nothing>,
) -> AppResult<HttpResponse> {
    let actor = viewer.actor.clone();
    let current = cookies::session_value(&request).map(|secret| hash_of(&secret));
    let current = current.ok_or(AppError::Unauthenticated)?;
    db.transaction(ROLE, viewer.origin(), move |tx| {
        service::end_other_sessions(tx, &actor, &current)
    })
    .await?;
    Ok(redirect_with(
        HERE,
        Flash::ok(Message::new("flash-other-sessions-ended")),
    ))
}

/// Makes a token and shows it, which is why there is no redirect; the form sent again leads to the list.
pub(super) async fn make_token(
    request: HttpRequest,
    mut viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    form: ConfirmedForm<TokenForm>,
) -> AppResult<HttpResponse> {
    let form = form.into_inner(&mut viewer);
    let owner = viewer.actor.clone();
    match make(&viewer, &db, &owner, form.clone()).await {
        Ok(Some(secret)) => page(&request, viewer, &db, &config, None, Ok(Some(secret))).await,
        Ok(None) => Ok(redirect_with(
            HERE,
            Flash::ok(Message::new("flash-token-made-before")),
        )),
        Err(AppError::Invalid(errors)) => {
            page(&request, viewer, &db, &config, Some(form), Err(errors)).await
        }
        Err(error) => Err(error),
    }
}

/// Makes a token for an owner, once for each form; none when this form has made one before.
pub(super) async fn make(
    viewer: &Viewer,
    db: &Db,
    owner: &Actor,
    form: TokenForm,
) -> AppResult<Option<String>> {
    let (actor, owner, key) = (viewer.actor.clone(), owner.id, form.key);
    let request = TokenRequest::from(form);
    db.transaction(ROLE, viewer.origin(), move |tx| {
        let mut made = None;
        once(tx, actor.id.0, key, |tx| {
            made = Some(service::make_api_token(tx, &actor, owner, &request)?);
            Ok(HERE.to_owned())
        })?;
        Ok(made)
    })
    .await
}

pub(super) async fn revoke_token(
    viewer: Viewer,
    db: Data<Db>,
    token: Path<Uuid>,
    _form: FormBody<Nothing>,
) -> AppResult<HttpResponse> {
    let (actor, id) = (viewer.actor.clone(), token.into_inner());
    db.transaction(ROLE, viewer.origin(), move |tx| {
        service::revoke_api_token(tx, &actor, actor.id, id)
    })
    .await?;
    Ok(redirect_with(
        HERE,
        Flash::ok(Message::new("flash-token-revoked")),
    ))
}
