//! Auth's pages: log-in, one's own record, users, roles.

mod login;
mod profile;
mod roles;
mod users;

use actix_web::web::{ServiceConfig, get, post, resource};

pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(
        resource("/login")
            .route(get().to(login::show_login))
            .route(post().to(login::log_in)),
    )
    .service(resource("/logout").route(post().to(login::log_out)))
    .service(resource("/profile").route(get().to(profile::show_profile)))
    .service(resource("/profile/password").route(post().to(profile::change_password)))
    .service(resource("/profile/language").route(post().to(profile::save_language)))
    .service(
        resource("/admin/users")
            .route(get().to(users::list_users))
            .route(post().to(users::register_user)),
    )
    .service(resource("/admin/users/new").route(get().to(users::new_user)))
    .service(
        resource("/admin/users/{uid}")
            .route(get().to(users::show_user))
            .route(post().to(users::update_user)),
    )
    .service(resource("/admin/users/{uid}/deactivation").route(post().to(users::deactivate_user)))
    .service(resource("/admin/roles").route(get().to(roles::show_roles)));
}
