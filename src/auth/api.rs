//! Auth over the API (contract section 3): tokens, one's own record, users.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Json, Path, Query, ServiceConfig, get, post, resource};
use actix_web::{Either, HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::service::{self, Grant, Issued, LogIn, NewAccount, OwnChange, UserChange, actor_from};
use super::store::{self, UserFilter, UserRow};
use super::tokens::{PUBLISHED_FOR, TokenKeys, issuer};
use super::web::{factor_missing, origin_of};
use super::{ApiUser, Operation, PasswordGate, ROLE};
use crate::platform::config::Config;
use crate::platform::db::{Answer, Db};
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::UserId;
use crate::platform::web::{Cursor, Face, PageOf, limit};

pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/api/v1/auth/token").route(post().to(auth_user)))
        .service(resource("/api/v1/auth/refresh").route(post().to(refresh_token)))
        .service(resource("/api/v1/auth/logout").route(post().to(revoke_token)))
        .service(resource("/.well-known/oauth-authorization-server").route(get().to(metadata)))
        .service(resource("/.well-known/jwks.json").route(get().to(public_keys)))
        .service(
            resource("/api/v1/me")
                .route(get().to(me))
                .route(actix_web::web::patch().to(update_me)),
        )
        .service(
            resource("/api/v1/users")
                .route(get().to(list_users))
                .route(post().to(register_user)),
        )
        .service(
            resource("/api/v1/users/{uid}")
                .route(get().to(show_user))
                .route(actix_web::web::patch().to(update_user))
                .route(actix_web::web::delete().to(delete_user)),
        );
}

/// What somebody shows for a token: a person name and password, a service its own credential. Which of them is meant is told by
/// `grant_type`, so that what is wrong with the rest is named by its field.
#[derive(Deserialize)]
#[serde(try_from = "Value")]
enum TokenRequest {
    Password(PasswordGrant),
    Client(ClientGrant),
}

impl TryFrom<Value> for TokenRequest {
    type Error = serde_json::Error;

    fn try_from(body: Value) -> Result<Self, Self::Error> {
        if body.get("grant_type").is_some() {
            serde_json::from_value(body).map(Self::Client)
        } else {
            serde_json::from_value(body).map(Self::Password)
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordGrant {
    username: String,
    password: String,
    /// A code of the second factor, or a recovery code.
    totp: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientGrant {
    grant_type: ClientCredentials,
    client_id: String,
    client_secret: String,
}

#[derive(Deserialize)]
enum ClientCredentials {
    #[serde(rename = "client_credentials")]
    Word,
}

/// `auth_user` (A03): name or address, password and, where there is a second factor, its code for an access token; for a service its
/// name and credential (A22).
async fn auth_user(
    request: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
    gate: Data<PasswordGate>,
    keys: Data<TokenKeys>,
    body: Either<Json<TokenRequest>, Form<ClientGrant>>,
) -> Result<HttpResponse, actix_web::Error> {
    let body = match body {
        Either::Left(json) => json.into_inner(),
        // As RFC 6749 has it; a password is never taken from a form, so that no page of another site can try one.
        Either::Right(form) => TokenRequest::Client(form.into_inner()),
    };
    match body {
        TokenRequest::Password(PasswordGrant {
            username,
            password,
            totp,
        }) => {
            let attempt = LogIn {
                login: username,
                password,
            };
            let origin = origin_of(&request, None);
            let grant =
                service::log_in_program(&db, &gate, &config, &origin, attempt, totp).await?;
            match grant {
                Grant::Tokens(user, issued) => {
                    Ok(answer_with_tokens(&db, &config, &keys, &user, issued).await?)
                }
                Grant::CodeNeeded => Err(unproven(
                    "second-factor-required",
                    "error-second-factor-required",
                )),
                Grant::CodeWrong => Err(unproven("second-factor-wrong", "field-code-wrong")),
                Grant::EnrolmentNeeded => Err(factor_missing().into()),
            }
        }
        TokenRequest::Client(grant) => {
            let ClientCredentials::Word = grant.grant_type;
            Ok(answer_service(&request, &db, &config, &keys, grant).await?)
        }
    }
}

/// 401 with a name of its own: the password was right, the second factor is not there.
fn unproven(name: &'static str, message: &'static str) -> actix_web::Error {
    Face::new(StatusCode::UNAUTHORIZED, name, message).into()
}

/// A service's access token: short-lived, without a refresh token, since the credential is at hand.
async fn answer_service(
    request: &HttpRequest,
    db: &Db,
    config: &Config,
    keys: &TokenKeys,
    grant: ClientGrant,
) -> AppResult<HttpResponse> {
    let user = db
        .transaction_even_stopped(ROLE, origin_of(request, None), move |tx| {
            service::service_of_credential(tx, &grant.client_id, &grant.client_secret)
        })
        .await?;
    let actor = actor_from(&user)?;
    let token = keys.sign(db, config, &user, &actor, None).await?;
    Ok(HttpResponse::Ok().json(json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": config.access_token_lifetime.as_secs(),
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefreshRequest {
    refresh_token: String,
}

/// `refresh_token` (A07): the next pair for a refresh token, which is then used up.
async fn refresh_token(
    request: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
    keys: Data<TokenKeys>,
    body: Json<RefreshRequest>,
) -> AppResult<HttpResponse> {
    let secret = body.into_inner().refresh_token;
    let (user, issued) = db
        .transaction_even_stopped(ROLE, origin_of(&request, None), move |tx| {
            service::exchange(tx, &secret)
        })
        .await??;
    answer_with_tokens(&db, &config, &keys, &user, issued).await
}

/// `revoke_token`: ends the log-in that a refresh token belongs to, with all its tokens.
async fn revoke_token(
    request: HttpRequest,
    db: Data<Db>,
    body: Json<RefreshRequest>,
) -> AppResult<HttpResponse> {
    let secret = body.into_inner().refresh_token;
    db.transaction_even_stopped(ROLE, origin_of(&request, None), move |tx| {
        service::revoke(tx, &secret)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn answer_with_tokens(
    db: &Db,
    config: &Config,
    keys: &TokenKeys,
    user: &UserRow,
    issued: Issued,
) -> AppResult<HttpResponse> {
    let actor = actor_from(user)?;
    let token = keys
        .sign(db, config, user, &actor, Some(issued.pair))
        .await?;
    Ok(HttpResponse::Ok().json(json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": config.access_token_lifetime.as_secs(),
        "refresh_token": issued.secret,
    })))
}

/// Where others find our keys (RFC 8414): only what is so. There is no authorization endpoint; people log in on the log-in page.
async fn metadata(config: Data<Config>) -> HttpResponse {
    let issuer = issuer(&config);
    HttpResponse::Ok()
        .insert_header(("cache-control", format!("max-age={PUBLISHED_FOR}")))
        .json(json!({
            "issuer": issuer,
            "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
            "token_endpoint": format!("{issuer}/api/v1/auth/token"),
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "response_types_supported": [],
        }))
}

/// `public_keys` (A11).
async fn public_keys(
    db: Data<Db>,
    config: Data<Config>,
    keys: Data<TokenKeys>,
) -> AppResult<HttpResponse> {
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", format!("max-age={PUBLISHED_FOR}")))
        .json(keys.jwks(&db, &config).await?))
}

/// A user as the API shows it.
#[derive(Serialize)]
struct Profile {
    uid: Uuid,
    username: String,
    email: String,
    name: String,
    surname: String,
    roles: Vec<String>,
    role: String,
    permissions: Vec<String>,
    meta: Value,
    active: bool,
}

impl Profile {
    fn of(user: UserRow) -> AppResult<Self> {
        let actor = actor_from(&user)?;
        Ok(Self {
            uid: user.id,
            username: user.username,
            email: user.email,
            name: user.name,
            surname: user.surname,
            roles: user.roles,
            role: actor.roles.strongest().to_string(),
            permissions: actor
                .permissions
                .iter()
                .map(|permission| permission.to_string())
                .collect(),
            meta: user.meta,
            active: user.deactivated_at.is_none(),
        })
    }
}

async fn me(user: ApiUser, db: Data<Db>) -> AppResult<HttpResponse> {
    user.actor.allow(Operation::OwnProfile)?;
    answer_with(&db, user.actor.id).await
}

/// `update_me` (A05, A09): one's own address, name and meta information, never one's own rights.
async fn update_me(
    user: ApiUser,
    db: Data<Db>,
    config: Data<Config>,
    body: Json<OwnChange>,
) -> AppResult<HttpResponse> {
    let (actor, change) = (user.actor.clone(), body.into_inner());
    db.transaction(ROLE, user.origin(), move |tx| {
        service::update_me(tx, &config, &actor, &change)
    })
    .await
    .map_err(service::conflict_if_taken)?;
    answer_with(&db, user.actor.id).await
}

async fn show_user(user: ApiUser, db: Data<Db>, uid: Path<UserId>) -> AppResult<HttpResponse> {
    user.actor.allow(Operation::ManageUsers)?;
    answer_with(&db, uid.into_inner()).await
}

async fn answer_with(db: &Db, id: UserId) -> AppResult<HttpResponse> {
    let user = db
        .read(ROLE, move |conn| store::find_user(conn, id.0))
        .await?
        .ok_or(AppError::NotFound)?;
    Ok(HttpResponse::Ok().json(Profile::of(user)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    limit: Option<String>,
    cursor: Option<String>,
}

async fn list_users(
    user: ApiUser,
    db: Data<Db>,
    query: Query<ListQuery>,
) -> AppResult<HttpResponse> {
    user.actor.allow(Operation::ManageUsers)?;
    let limit = limit(query.limit.as_deref())?;
    let filter = UserFilter {
        after: Cursor::key(query.cursor.as_deref())?,
        ..UserFilter::default()
    };
    let rows = db
        .read(ROLE, move |conn| {
            store::list_users(conn, &filter, limit + 1)
        })
        .await?;
    let page = PageOf::from_rows(rows, limit, |user| user.username.clone());
    let items = page
        .items
        .into_iter()
        .map(Profile::of)
        .collect::<AppResult<Vec<_>>>()?;
    Ok(HttpResponse::Ok().json(json!({ "items": items, "next_cursor": page.next })))
}

/// `register_user` (A04).
async fn register_user(
    user: ApiUser,
    db: Data<Db>,
    gate: Data<PasswordGate>,
    body: Json<NewAccount>,
) -> AppResult<HttpResponse> {
    user.actor.allow(Operation::ManageUsers)?;
    let (account, hash) = body.into_inner().check_and_hash(&gate).await?;
    let answer = db
        .transaction(ROLE, user.origin(), move |tx| {
            user.once(tx, |tx| {
                let id = service::register_user(tx, &user.actor, &account, &hash)?;
                let row = store::find_user(tx.conn(), id.0)?.ok_or(AppError::NotFound)?;
                let location = format!("/api/v1/users/{}", row.id);
                Answer::created(location, &Profile::of(row)?)
            })
        })
        .await
        .map_err(service::conflict_if_taken)?;
    Ok(answer.into())
}

async fn update_user(
    user: ApiUser,
    db: Data<Db>,
    config: Data<Config>,
    uid: Path<UserId>,
    body: Json<UserChange>,
) -> AppResult<HttpResponse> {
    let (actor, id, change) = (user.actor.clone(), uid.into_inner(), body.into_inner());
    db.transaction(ROLE, user.origin(), move |tx| {
        service::update_user(tx, &config, &actor, id, &change)
    })
    .await
    .map_err(service::conflict_if_taken)?;
    answer_with(&db, id).await
}

async fn delete_user(user: ApiUser, db: Data<Db>, uid: Path<UserId>) -> AppResult<HttpResponse> {
    let (actor, id) = (user.actor.clone(), uid.into_inner());
    db.transaction(ROLE, user.origin(), move |tx| {
        service::deactivate_user(tx, &actor, id)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
