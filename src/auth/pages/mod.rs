//! Auth's pages: log-in, one's own record, users, roles.

mod access;
mod confirmation;
mod login;
mod profile;
mod provider;
mod roles;
mod users;

use actix_web::web::{ServiceConfig, get, post, resource};

pub use confirmation::ConfirmedForm;

pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(
        resource("/login")
            .route(get().to(login::show_login))
            .route(post().to(login::log_in)),
    )
    .service(resource("/login/provider").route(get().to(provider::go)))
    .service(resource("/login/provider/callback").route(get().to(provider::come_back)))
    .service(resource("/logout").route(post().to(login::log_out)))
    .service(resource("/profile").route(get().to(profile::show_profile)))
    .service(resource("/profile/password").route(post().to(profile::change_password)))
    .service(resource("/profile/language").route(post().to(profile::save_language)))
    .service(resource("/profile/access").route(get().to(access::show_access)))
    .service(resource("/profile/sessions/end-others").route(post().to(access::end_other_sessions)))
    .service(resource("/profile/sessions/{id}/end").route(post().to(access::end_session)))
    .service(resource("/profile/tokens").route(post().to(access::make_token)))
    .service(resource("/profile/tokens/{id}/revocation").route(post().to(access::revoke_token)))
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
    .service(resource("/admin/users/{uid}/sessions/end").route(post().to(users::end_sessions)))
    .service(resource("/admin/users/{uid}/tokens").route(post().to(users::make_token)))
    .service(
        resource("/admin/users/{uid}/tokens/{id}/revocation").route(post().to(users::revoke_token)),
    )
    .service(resource("/admin/roles").route(get().to(roles::show_roles)));
}
