//! Auth's use cases.

mod account;
mod actors;
mod api_tokens;
mod beak;
mod entry;
mod factors;
mod feeds;
mod login;
mod mailing;
mod own;
mod passkeys;
mod people;
mod programs;
mod provider;
mod refresh;
mod registration;
mod reset;
mod search;
mod secrets;
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
    PREFIX, TokenRequest, make_api_token, may_use, revoke_api_token, scopes_of,
    service_of_credential,
};
pub(super) use beak::{
    BeakLogIn, NewBeak, checked_beak, enrol_beak, log_in_with_beak, remove_beak,
};
pub(super) use entry::{Entry, LoggedIn, Step, end_replaced, hash_of, log_out};
pub(super) use factors::{
    CodeAnswer, PendingTotp, begin_totp, challenge_of, confirm_totp, must_enrol, pending_totp,
    prove_code, remove_factors_of, remove_totp, renew_recovery_codes,
};
pub use feeds::{end_feed, list_feeds, make_feed};
pub use login::confirm_password;
pub(super) use login::{LogIn, authenticate, log_in};
pub use mailing::mail_step;
pub(super) use mailing::preview as preview_mail;
pub use own::{OwnChange, set_language, set_password_hash, update_me};
pub(super) use own::{RenewedSession, change_password, set_default_filter, set_display};
pub(super) use passkeys::{
    begin_passkey, begin_passkey_log_in, finish_passkey, log_in_with_passkey, passkeys_work,
    remove_passkey,
};
pub use people::{ImportedPerson, NewPerson, PersonError, register_people};
pub(super) use programs::{Grant, log_in_program};
pub(super) use provider::{VISIT_LASTS, begin_visit, enter_by_provider, take_visit};
pub(super) use refresh::{Issued, exchange, revoke};
pub(super) use registration::{
    REGISTRATION_LIFE, ask_to_register, prove_registration, self_registration,
};
pub(super) use reset::{ask_for_reset, mail_link_to, set_password_by_link};
pub use search::{FoundUser, search_users};
pub(super) use sessions::{confirm_session, end_all_sessions, end_other_sessions, end_session};
pub use setup::{Setup, open_setup};
pub use users::{
    NewAdministrator, UserChange, create_admin, deactivate_user, register_user, update_user,
};
