//! Auth over the API (contract section 3): tokens, one's own record, users.

mod tokens;
mod users;

use actix_web::web::{ServiceConfig, delete, get, patch, post, resource};
use utoipa::OpenApi;

use tokens::{auth_user, metadata, public_keys, refresh_token, revoke_token};
use users::{delete_user, list_users, me, register_user, show_user, update_me, update_user};

/// Mounts the operations.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/api/v1/auth/token").route(post().to(auth_user)))
        .service(resource("/api/v1/auth/refresh").route(post().to(refresh_token)))
        .service(resource("/api/v1/auth/logout").route(post().to(revoke_token)))
        .service(resource("/.well-known/oauth-authorization-server").route(get().to(metadata)))
        .service(resource("/.well-known/jwks.json").route(get().to(public_keys)))
        .service(
            resource("/api/v1/me")
                .route(get().to(me))
                .route(patch().to(update_me)),
        )
        .service(
            resource("/api/v1/users")
                .route(get().to(list_users))
                .route(post().to(register_user)),
        )
        .service(
            resource("/api/v1/users/{uid}")
                .route(get().to(show_user))
                .route(patch().to(update_user))
                .route(delete().to(delete_user)),
        );
}

/// The operations in the API's document.
#[derive(OpenApi)]
#[openapi(
    tags(
        (name = "auth", description = "Tokens and keys"),
        (name = "users", description = "One's own record, and everybody's for administrators"),
    ),
    paths(
        tokens::auth_user, tokens::refresh_token, tokens::revoke_token, tokens::metadata, tokens::public_keys,
        users::me, users::update_me, users::list_users, users::register_user, users::show_user, users::update_user,
        users::delete_user,
    ),
)]
pub(super) struct Document;
