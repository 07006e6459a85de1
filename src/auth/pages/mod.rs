//! Auth's pages: log-in, one's own record, users, roles.

mod access;
mod account_mails;
mod beak;
mod code;
mod confirmation;
mod credentials;
mod login;
mod passkeys;
mod profile;
mod provider;
mod qr;
mod registration;
mod reset;
mod roles;
mod setup;
mod strength;
mod users;

use actix_web::web::{ServiceConfig, get, post, resource};

pub use confirmation::ConfirmedForm;

pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(
        resource("/login")
            .route(get().to(login::show_login))
            .route(post().to(login::log_in)),
    )
    .service(
        resource("/password/reset")
            .route(get().to(reset::show_reset))
            .route(post().to(reset::ask_for_reset)),
    )
    .service(
        resource("/password/new")
            .route(get().to(reset::show_new_password))
            .route(post().to(reset::set_new_password)),
    )
    .service(
        resource("/register")
            .route(get().to(registration::show_registration))
            .route(post().to(registration::ask_to_register)),
    )
    .service(
        resource("/register/proof")
            .route(get().to(registration::show_proof))
            .route(post().to(registration::prove)),
    )
    .service(
        resource("/setup")
            .route(get().to(setup::show_setup))
            .route(post().to(setup::set_up)),
    )
    .service(
        resource("/password/strength")
            .route(get().to(strength::show_strength))
            .route(post().to(strength::judge_password)),
    )
    .service(resource("/login/provider").route(get().to(provider::go)))
    .service(resource("/login/provider/callback").route(get().to(provider::come_back)))
    .service(
        resource("/login/code")
            .route(get().to(code::show_code))
            .route(post().to(code::send_code)),
    )
    .service(
        resource("/login/beak")
            .route(get().to(beak::show_beak_log_in))
            .route(post().to(beak::log_in_with_beak)),
    )
    .service(resource("/login/passkey").route(post().to(passkeys::log_in)))
    .service(resource("/login/passkey/question").route(post().to(passkeys::begin_log_in)))
    .service(resource("/logout").route(post().to(login::log_out)))
    .service(resource("/profile").route(get().to(profile::show_profile)))
    .service(resource("/profile/record").route(post().to(profile::save_record)))
    .service(resource("/profile/address").route(post().to(profile::save_address)))
    .service(resource("/profile/display").route(post().to(profile::save_display)))
    .service(resource("/profile/appearance").route(post().to(profile::save_appearance)))
    .service(resource("/profile/default-filters").route(post().to(profile::save_default_filter)))
    .service(resource("/profile/password").route(post().to(profile::change_password)))
    .service(resource("/profile/language").route(post().to(profile::save_language)))
    .service(resource("/profile/credentials").route(get().to(credentials::show_credentials)))
    .service(resource("/profile/credentials/totp").route(post().to(credentials::begin_totp)))
    .service(
        resource("/profile/credentials/totp/confirmation")
            .route(post().to(credentials::confirm_totp)),
    )
    .service(
        resource("/profile/credentials/totp/removal").route(post().to(credentials::remove_totp)),
    )
    .service(
        resource("/profile/credentials/recovery-codes")
            .route(post().to(credentials::renew_recovery_codes)),
    )
    .service(resource("/profile/credentials/beak").route(post().to(beak::enrol_beak)))
    .service(resource("/profile/credentials/beak/removal").route(post().to(beak::remove_beak)))
    .service(resource("/profile/credentials/passkeys").route(post().to(passkeys::finish_passkey)))
    .service(
        resource("/profile/credentials/passkeys/question")
            .route(post().to(passkeys::begin_passkey)),
    )
    .service(
        resource("/profile/credentials/passkeys/{id}/removal")
            .route(post().to(passkeys::remove_passkey)),
    )
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
    .service(resource("/admin/users.csv").route(get().to(users::export_users)))
    .service(resource("/admin/users/new").route(get().to(users::new_user)))
    .service(
        resource("/admin/users/{uid}")
            .route(get().to(users::show_user))
            .route(post().to(users::update_user)),
    )
    .service(resource("/admin/users/{uid}/deactivation").route(post().to(users::deactivate_user)))
    .service(
        resource("/admin/users/{uid}/second-factors/removal")
            .route(post().to(users::remove_factors)),
    )
    .service(resource("/admin/users/{uid}/password-reset").route(post().to(users::mail_reset_link)))
    .service(resource("/admin/users/{uid}/sessions/end").route(post().to(users::end_sessions)))
    .service(resource("/admin/users/{uid}/tokens").route(post().to(users::make_token)))
    .service(
        resource("/admin/users/{uid}/tokens/{id}/revocation").route(post().to(users::revoke_token)),
    )
    .service(resource("/admin/account-mails").route(get().to(account_mails::list_account_mails)))
    .service(
        resource("/admin/account-mails.csv").route(get().to(account_mails::export_account_mails)),
    )
    .service(
        resource("/admin/account-mails/{id}").route(get().to(account_mails::show_account_mail)),
    )
    .service(
        resource("/admin/account-mails/{id}/preview")
            .route(get().to(account_mails::preview_account_mail)),
    )
    .service(resource("/admin/roles").route(get().to(roles::show_roles)));
}
