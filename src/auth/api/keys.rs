//! The public keys of the access tokens, and where they are found.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::tokens::{JwkSet, PUBLISHED_FOR, TokenKeys, issuer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::AppResult;

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
