//! Auth's use cases.

mod account;
mod actors;
mod api_tokens;
mod login;
mod mailing;
mod own;
mod people;
mod refresh;
mod registration;
mod reset;
mod sessions;
mod setup;
mod throttle;
mod users;

use account::FieldProblem;
pub use account::{CheckedAccount, NewAccount};
pub(super) use account::{conflict_if_taken, is_only_taken};
pub(super) use actors::actor_from;
pub use actors::{actor_by_username, actor_of, first_administrator};
pub(super) use api_tokens::{
    PREFIX, TokenRequest, make_api_token, may_use, password_opens_api, revoke_api_token, scopes_of,
    service_of_credential,
};
pub use login::confirm_password;
pub(super) use login::{LogIn, LoggedIn, announce, authenticate, hash_of, log_in, log_out};
pub use mailing::mail_step;
pub use own::{OwnChange, set_language, set_password_hash, update_me};
pub(super) use own::{RenewedSession, change_password, set_display, set_theme};
pub use people::{ImportedPerson, NewPerson, PersonError, register_people};
pub(super) use refresh::{Issued, begin_family, exchange, revoke};
pub(super) use registration::{
    REGISTRATION_LIFE, ask_to_register, prove_registration, self_registration,
};
pub(super) use reset::{ask_for_reset, set_password_by_link};
pub(super) use sessions::{confirm_session, end_all_sessions, end_other_sessions, end_session};
pub use setup::{Setup, open_setup};
pub use users::{
    NewAdministrator, UserChange, create_admin, deactivate_user, register_user, update_user,
};
