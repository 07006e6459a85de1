//! Users: one's own record, and everybody's for administrators.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use diesel::pg::PgConnection;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::auth::schemas::{PermissionWord, RoleWord};
use crate::auth::service::{self, NewAccount, OwnChange, UserChange, actor_from};
use crate::auth::store::{self, UserFilter, UserRow};
use crate::auth::{ApiUser, Operation, PasswordGate, ROLE};
use crate::platform::config::Config;
use crate::platform::db::{Answer, Db};
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::UserId;
use crate::platform::web::api::{CursorText, JsonBody, List, Nothing, OptionalJsonBody, PageLimit};
use crate::platform::web::{Cursor, PageOf, limit};

/// A user.
#[derive(Serialize, ToSchema)]
struct Profile {
    uid: Uuid,
    /// The log-in name.
    #[schema(example = "kesha")]
    username: String,
    #[schema(example = "kesha@uberpopug.example")]
    email: String,
    #[schema(example = "Kesha")]
    name: String,
    #[schema(example = "Popugov")]
    surname: String,
    #[schema(value_type = Vec<RoleWord>)]
    roles: Vec<String>,
    /// The strongest of the roles.
    #[schema(value_type = RoleWord)]
    role: String,
    /// What the roles bring along and what was granted on top.
    #[schema(value_type = Vec<PermissionWord>)]
    permissions: Vec<String>,
    /// What its owner keeps there; the product does not read it.
    #[schema(value_type = Object)]
    meta: Value,
    /// Whether they may log in.
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

/// Shows one's own record
#[utoipa::path(
    get, path = "/api/v1/me", tag = "users",
    responses((status = 200, body = Profile, description = "The record")),
)]
pub(super) async fn me(user: ApiUser, db: Data<Db>) -> AppResult<HttpResponse> {
    user.actor.allow(Operation::OwnProfile)?;
    answer_with(&db, user.actor.id).await
}

/// Changes one's own record
///
/// What is not named stays. Nobody changes their own rights.
#[utoipa::path(
    patch, path = "/api/v1/me", tag = "users",
    request_body = OwnChange,
    responses(
        (status = 200, body = Profile, description = "The record as it is now"),
        (status = 409, description = "Somebody else has that address"),
    ),
)]
pub(super) async fn update_me(
    user: ApiUser,
    db: Data<Db>,
    config: Data<Config>,
    body: JsonBody<OwnChange>,
) -> AppResult<HttpResponse> {
    let (actor, change) = (user.actor.clone(), body.into_inner());
    let changed = db
        .transaction(ROLE, user.origin(), move |tx| {
            service::update_me(tx, &config, &actor, &change)?;
            profile_of(tx.conn(), actor.id)
        })
        .await
        .map_err(service::conflict_if_taken)?;
    Ok(HttpResponse::Ok().json(changed))
}

/// Shows a user
#[utoipa::path(
    get, path = "/api/v1/users/{uid}", tag = "users",
    params(("uid" = Uuid, Path, description = "The user")),
    responses((status = 200, body = Profile, description = "The user")),
)]
pub(super) async fn show_user(
    user: ApiUser,
    db: Data<Db>,
    uid: Path<UserId>,
) -> AppResult<HttpResponse> {
    user.actor.allow(Operation::ManageUsers)?;
    answer_with(&db, uid.into_inner()).await
}

async fn answer_with(db: &Db, id: UserId) -> AppResult<HttpResponse> {
    let profile = db.read(ROLE, move |conn| profile_of(conn, id)).await?;
    Ok(HttpResponse::Ok().json(profile))
}

fn profile_of(conn: &mut PgConnection, id: UserId) -> AppResult<Profile> {
    Profile::of(store::find_user(conn, id.0)?.ok_or(AppError::NotFound)?)
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Rows at most.
    #[param(value_type = Option<PageLimit>, inline)]
    limit: Option<String>,
    /// `next_cursor` of the piece before.
    #[param(value_type = Option<CursorText>, inline)]
    cursor: Option<String>,
}

/// Lists the users, by log-in name
#[utoipa::path(
    get, path = "/api/v1/users", tag = "users",
    params(ListQuery),
    responses((status = 200, body = List<Profile>, description = "A piece of the list")),
)]
pub(super) async fn list_users(
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
    Ok(HttpResponse::Ok().json(List {
        items,
        next_cursor: page.next,
    }))
}

/// Registers a user
#[utoipa::path(
    post, path = "/api/v1/users", tag = "users",
    request_body = NewAccount,
    responses(
        (status = 201, body = Profile, description = "The new user",
            headers(("location" = String, description = "Where the user is shown")),
            links(
                ("show_user" = (operation_id = "show_user", parameters(("uid" = "$response.body#/uid")))),
                ("update_user" = (operation_id = "update_user", parameters(("uid" = "$response.body#/uid")))),
                ("delete_user" = (operation_id = "delete_user", parameters(("uid" = "$response.body#/uid")))),
            )),
        (status = 409, description = "Somebody has that log-in name or address already"),
    ),
)]
pub(super) async fn register_user(
    user: ApiUser,
    db: Data<Db>,
    gate: Data<PasswordGate>,
    body: JsonBody<NewAccount>,
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

/// Changes a user
///
/// What is not named stays. A change of rights ends the user's sessions and tokens.
#[utoipa::path(
    patch, path = "/api/v1/users/{uid}", tag = "users",
    params(("uid" = Uuid, Path, description = "The user")),
    request_body = UserChange,
    responses(
        (status = 200, body = Profile, description = "The user as it is now"),
        (status = 409, description = "A deactivated user, the last administrator, or an address that somebody else has"),
    ),
)]
pub(super) async fn update_user(
    user: ApiUser,
    db: Data<Db>,
    config: Data<Config>,
    uid: Path<UserId>,
    body: JsonBody<UserChange>,
) -> AppResult<HttpResponse> {
    let (actor, id, change) = (user.actor.clone(), uid.into_inner(), body.into_inner());
    let changed = db
        .transaction(ROLE, user.origin(), move |tx| {
            service::update_user(tx, &config, &actor, id, &change)?;
            profile_of(tx.conn(), id)
        })
        .await
        .map_err(service::conflict_if_taken)?;
    Ok(HttpResponse::Ok().json(changed))
}

/// Deactivates a user
///
/// Nothing is deleted: the books keep their people. Open tasks are drawn anew.
#[utoipa::path(
    delete, path = "/api/v1/users/{uid}", tag = "users",
    params(("uid" = Uuid, Path, description = "The user")),
    responses(
        (status = 204, description = "Deactivated"),
        (status = 409, description = "A deactivated user, or the last administrator"),
    ),
)]
pub(super) async fn delete_user(
    user: ApiUser,
    db: Data<Db>,
    uid: Path<UserId>,
    _: OptionalJsonBody<Nothing>,
) -> AppResult<HttpResponse> {
    let (actor, id) = (user.actor.clone(), uid.into_inner());
    db.transaction(ROLE, user.origin(), move |tx| {
        service::deactivate_user(tx, &actor, id)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
