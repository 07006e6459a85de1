//! Auth's use cases.

mod login;
mod people;
mod users;

pub(super) use login::{LogIn, announce, authenticate, hash_of, log_in, log_out};
pub use people::{ImportedPerson, NewPerson, PersonError, register_people};
pub use users::{
    CheckedAccount, NewAccount, NewAdministrator, UserChange, actor_by_username, actor_of,
    change_password, create_admin, deactivate_user, first_administrator, register_user,
    set_language, set_password_hash, update_user,
};
pub(super) use users::{actor_from, conflict_if_taken, is_only_taken};
