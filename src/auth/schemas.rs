//! What names, addresses, passwords, roles and permissions look like, for the API's document.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use super::password::{PASSWORD_MAX, PASSWORD_MIN};
use super::permission::Permission;
use super::person::{EMAIL_MAX, NAME_MAX, USERNAME_MAX, USERNAME_MIN};
use super::role::Role;
use crate::platform::web::api::{text, text_of, words};

/// A log-in name; space around it is dropped, capitals become small.
pub(super) struct UsernameText;

impl PartialSchema for UsernameText {
    fn schema() -> RefOr<Schema> {
        let pattern = "^[A-Za-z][A-Za-z0-9._-]*$";
        text_of(USERNAME_MIN, USERNAME_MAX, pattern, "kesha")
    }
}

impl ToSchema for UsernameText {}

/// An e-mail address.
pub(super) struct EmailText;

impl PartialSchema for EmailText {
    fn schema() -> RefOr<Schema> {
        let pattern = "^[^@<>\\u0000]+@[^@<>\\u0000]+$";
        let mut address = text(3, EMAIL_MAX, pattern);
        address.format = Some(SchemaFormat::KnownFormat(KnownFormat::Email));
        address.examples = vec!["kesha@uberpopug.example".into()];
        RefOr::T(address.into())
    }
}

impl ToSchema for EmailText {}

/// Something that can be seen, and no control character.
const NAME: &str = concat!(
    r"^[^\u0000-\u001f\u007f-\u009f<>]*",
    r"[^\s\u0000-\u001f\u007f-\u009f<>]",
    r"[^\u0000-\u001f\u007f-\u009f<>]*$"
);

/// A name or a surname: what can be seen, without `<` and `>`.
pub(super) struct NameText;

impl PartialSchema for NameText {
    fn schema() -> RefOr<Schema> {
        text_of(1, NAME_MAX, NAME, "Kesha")
    }
}

impl ToSchema for NameText {}

/// A new password, by the rules of docs/ACCOUNTS.md.
pub(super) struct NewPasswordText;

impl PartialSchema for NewPasswordText {
    fn schema() -> RefOr<Schema> {
        let mut password = text(PASSWORD_MIN, PASSWORD_MAX, "^[^\\u0000]*$");
        password.format = Some(SchemaFormat::KnownFormat(KnownFormat::Password));
        RefOr::T(password.into())
    }
}

impl ToSchema for NewPasswordText {}

/// A role.
pub(super) struct RoleWord;

impl PartialSchema for RoleWord {
    fn schema() -> RefOr<Schema> {
        words(Role::ALL.iter().map(|role| role.as_str()))
    }
}

impl ToSchema for RoleWord {}

/// A permission.
pub(super) struct PermissionWord;

impl PartialSchema for PermissionWord {
    fn schema() -> RefOr<Schema> {
        words(Permission::ALL.iter().map(|permission| permission.as_str()))
    }
}

impl ToSchema for PermissionWord {}
