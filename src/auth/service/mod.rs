//! Auth's use cases.

mod account;
mod actors;
mod api_tokens;
mod login;
mod own;
mod people;
mod provider;
mod refresh;
mod sessions;
mod sources;
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
pub(super) use login::{
    Entry, LogIn, LoggedIn, announce, authenticate, end_replaced, hash_of, log_in, log_out,
};
pub use own::{OwnChange, change_password, set_language, set_password_hash, update_me};
pub use people::{ImportedPerson, NewPerson, PersonError, register_people};
pub(super) use provider::{VISIT_LASTS, begin_visit, enter_by_provider, take_visit};
pub(super) use refresh::{Issued, begin_family, exchange, revoke};
pub(super) use sessions::{confirm_session, end_all_sessions, end_other_sessions, end_session};
pub use users::{
    NewAdministrator, UserChange, create_admin, deactivate_user, register_user, update_user,
};
