//! Tokens: for a password, for a service's credential, for a refresh token; and the keys that they are checked with.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::auth::service::{self, Grant, Issued, LogIn, actor_from};
use crate::auth::store::UserRow;
use crate::auth::tokens::{JwkSet, PUBLISHED_FOR, TokenKeys, issuer};
use crate::auth::web::{factor_missing, origin_of};
use crate::auth::{PasswordGate, ROLE};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::web::Face;
use crate::platform::web::api::{JsonBody, JsonOrForm};

/// What somebody shows for a token: a person name and password, a service its own credential. Which of them is meant is told by
/// `grant_type`, so that what is wrong with the rest is named by its field.
#[derive(Deserialize, ToSchema)]
#[serde(untagged, try_from = "Value")]
pub(super) enum TokenRequest {
    /// A person, by password.
    Password(PasswordGrant),
    /// A service, by its credential.
    Client(ClientGrant),
}

impl TryFrom<Value> for TokenRequest {
    type Error = String;

    fn try_from(body: Value) -> Result<Self, Self::Error> {
        // The field is said in serde's own way, which the body's reader understands.
        let named = |error: serde_path_to_error::Error<serde_json::Error>| {
            let words = error.inner().to_string();
            if words.contains("field `") {
                return words;
            }
            format!("field `{}`: {words}", error.path())
        };
        if body.get("grant_type").is_some() {
            serde_path_to_error::deserialize(body).map(Self::Client)
        } else {
            serde_path_to_error::deserialize(body).map(Self::Password)
        }
        .map_err(named)
    }
}

/// What a person shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordGrant {
    /// The log-in name, or the e-mail address.
    #[schema(example = "kesha")]
    username: String,
    /// The password.
    #[schema(example = "a parrot never tells", format = Password)]
    password: String,
    /// A code of the second factor, or a recovery code; needed where a second factor is set up.
    #[schema(example = "123456")]
    totp: Option<String>,
}

/// What a service shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientGrant {
    grant_type: ClientCredentials,
    /// The service's log-in name.
    #[schema(
        example = "cron",
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f\\ufffd]*$"
    )]
    client_id: String,
    /// Its credential.
    #[schema(format = Password, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f\\ufffd]*$")]
    client_secret: String,
}

#[derive(Deserialize, ToSchema)]
enum ClientCredentials {
    #[serde(rename = "client_credentials")]
    Word,
}

/// An access token and what belongs to it.
#[derive(Serialize, ToSchema)]
struct TokenAnswer {
    /// Goes into `Authorization: Bearer`.
    access_token: String,
    token_type: TokenType,
    /// Seconds until the access token is worth nothing any more.
    #[schema(example = 600)]
    expires_in: u64,
    /// Gets the next pair, once; a service has none, since its credential is at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

#[derive(Serialize, ToSchema)]
enum TokenType {
    Bearer,
}

/// Gets an access token
///
/// A person shows log-in name or e-mail address and password, and a code where a second factor is set up (401 with the type
/// `/problems/second-factor-required` asks for it). A service shows its own credential, as JSON or as a form (RFC 6749).
#[utoipa::path(
    post, path = "/api/v1/auth/token", tag = "auth", security(()),
    request_body(content(
        (TokenRequest = "application/json"),
        (ClientGrant = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, body = TokenAnswer, description = "The tokens"),
        (status = 401, description = "Wrong name, password, code or credential"),
        (status = 403, description = "Right, but a role of theirs must have a second factor and they have none"),
        (status = 429, description = "Too many wrong tries of late"),
    ),
)]
pub(super) async fn auth_user(
    request: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
    gate: Data<PasswordGate>,
    keys: Data<TokenKeys>,
    body: JsonOrForm<TokenRequest, ClientGrant>,
) -> Result<HttpResponse, actix_web::Error> {
    let body = match body {
        JsonOrForm::Json(body) => body,
        // As RFC 6749 has it; a password is never taken from a form, so that no page of another site can try one.
        JsonOrForm::Form(grant) => TokenRequest::Client(grant),
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
    let access_token = keys.sign(db, config, &user, &actor, None).await?;
    Ok(HttpResponse::Ok().json(TokenAnswer {
        access_token,
        token_type: TokenType::Bearer,
        expires_in: config.access_token_lifetime.as_secs(),
        refresh_token: None,
    }))
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RefreshRequest {
    refresh_token: String,
}

/// Gets the next pair of tokens
///
/// The refresh token is used up. Whoever lost the answer may show it again until the new pair was used; after that it ends the
/// whole log-in.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", tag = "auth", security(()),
    request_body = RefreshRequest,
    responses(
        (status = 200, body = TokenAnswer, description = "The next pair"),
        (status = 401, description = "Unknown, used, revoked or too old"),
    ),
)]
pub(super) async fn refresh_token(
    request: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
    keys: Data<TokenKeys>,
    body: JsonBody<RefreshRequest>,
) -> AppResult<HttpResponse> {
    let secret = body.into_inner().refresh_token;
    let (user, issued) = db
        .transaction_even_stopped(ROLE, origin_of(&request, None), move |tx| {
            service::exchange(tx, &secret)
        })
        .await??;
    answer_with_tokens(&db, &config, &keys, &user, issued).await
}

/// Logs out
///
/// Ends the log-in that a refresh token belongs to, with all its tokens. An unknown token is answered alike.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "auth", security(()),
    request_body = RefreshRequest,
    responses((status = 204, description = "Ended")),
)]
pub(super) async fn revoke_token(
    request: HttpRequest,
    db: Data<Db>,
    body: JsonBody<RefreshRequest>,
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
    let access_token = keys
        .sign(db, config, user, &actor, Some(issued.pair))
        .await?;
    Ok(HttpResponse::Ok().json(TokenAnswer {
        access_token,
        token_type: TokenType::Bearer,
        expires_in: config.access_token_lifetime.as_secs(),
        refresh_token: Some(issued.secret),
    }))
}

/// What RFC 8414 has of us.
#[derive(Serialize, ToSchema)]
struct ServerMetadata {
    issuer: String,
    jwks_uri: String,
    token_endpoint: String,
    grant_types_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 1],
    response_types_supported: [&'static str; 0],
}

/// Where others find our keys (RFC 8414)
///
/// Only what is so. There is no authorization endpoint; people log in on the log-in page.
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", tag = "auth", security(()),
    operation_id = "server_metadata",
    responses((status = 200, body = ServerMetadata, description = "The metadata")),
)]
pub(super) async fn metadata(config: Data<Config>) -> HttpResponse {
    let issuer = issuer(&config);
    HttpResponse::Ok()
        .insert_header(("cache-control", format!("max-age={PUBLISHED_FOR}")))
        .json(ServerMetadata {
            jwks_uri: format!("{issuer}/.well-known/jwks.json"),
            token_endpoint: format!("{issuer}/api/v1/auth/token"),
            grant_types_supported: ["client_credentials"],
            token_endpoint_auth_methods_supported: ["client_secret_post"],
            response_types_supported: [],
            issuer,
        })
}

/// The public keys of the access tokens (RFC 7517)
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "auth", security(()),
    responses((status = 200, body = JwkSet, description = "The keys")),
)]
pub(super) async fn public_keys(
    db: Data<Db>,
    config: Data<Config>,
    keys: Data<TokenKeys>,
) -> AppResult<HttpResponse> {
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", format!("max-age={PUBLISHED_FOR}")))
        .json(keys.jwks(&db, &config).await?))
}
