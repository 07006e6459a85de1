//! Auth's use cases.

mod account;
mod actors;
mod login;
mod own;
mod people;
mod users;

use account::FieldProblem;
pub use account::{CheckedAccount, NewAccount};
pub(super) use account::{conflict_if_taken, is_only_taken};
pub(super) use actors::actor_from;
pub use actors::{actor_by_username, actor_of, first_administrator};
pub use login::confirm_password;
pub(super) use login::{LogIn, announce, authenticate, hash_of, log_in, log_out};
pub use own::{change_password, set_language, set_password_hash};
pub use people::{ImportedPerson, NewPerson, PersonError, register_people};
pub use users::{
    NewAdministrator, UserChange, create_admin, deactivate_user, register_user, update_user,
};
