//! Auth over the API (contract section 3): tokens, one's own record, users. Whoever has a token asks for the next one with the
//! password again: there are no refresh tokens yet.

use actix_web::web::{Data, Json, Path, Query, ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::service::{self, LogIn, NewAccount, UserChange, actor_from, announce, authenticate};
use super::store::{self, UserFilter, UserRow};
use super::tokens::TokenKeys;
use super::web::origin_of;
use super::{ApiUser, Operation, PasswordGate, ROLE};
use crate::platform::config::Config;
use crate::platform::db::{Db, Origin};
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::UserId;
use crate::platform::web::{Cursor, PageOf, limit};

pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/api/v1/auth/token").route(post().to(auth_user)))
        .service(resource("/.well-known/jwks.json").route(get().to(public_keys)))
        .service(resource("/api/v1/me").route(get().to(me)))
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRequest {
    username: String,
    password: String,
}

/// `auth_user` (A03): name or address and password for an access token.
async fn auth_user(
    request: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
    gate: Data<PasswordGate>,
    keys: Data<TokenKeys>,
    body: Json<TokenRequest>,
) -> AppResult<HttpResponse> {
    let TokenRequest { username, password } = body.into_inner();
    let origin = origin_of(&request, None);
    let user = authenticate(
        &db,
        &gate,
        &origin,
        LogIn {
            login: username,
            password,
        },
    )
    .await?;
    let actor = actor_from(&user)?;
    let id = user.id;
    db.transaction_even_stopped(
        ROLE,
        Origin {
            actor: Some(id),
            ..origin
        },
        move |tx| announce(tx, id),
    )
    .await?;
    let token = keys.sign(&db, &config, &user, &actor).await?;
    Ok(HttpResponse::Ok().json(json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": config.access_token_lifetime.as_secs(),
    })))
}

/// `public_keys` (A11).
async fn public_keys(db: Data<Db>, keys: Data<TokenKeys>) -> AppResult<HttpResponse> {
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "max-age=300"))
        .json(keys.jwks(&db).await?))
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
    let actor = user.actor.clone();
    let row = db
        .transaction(ROLE, user.origin(), move |tx| {
            let id = service::register_user(tx, &actor, &account, &hash)?;
            store::find_user(tx.conn(), id.0)?.ok_or(AppError::NotFound)
        })
        .await
        .map_err(service::conflict_if_taken)?;
    Ok(HttpResponse::Created()
        .insert_header(("location", format!("/api/v1/users/{}", row.id)))
        .json(Profile::of(row)?))
}

async fn update_user(
    user: ApiUser,
    db: Data<Db>,
    uid: Path<UserId>,
    body: Json<UserChange>,
) -> AppResult<HttpResponse> {
    let (actor, id, change) = (user.actor.clone(), uid.into_inner(), body.into_inner());
    db.transaction(ROLE, user.origin(), move |tx| {
        service::update_user(tx, &actor, id, &change)
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
