//! Who asks for a page, where they may go, and the colours they chose.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use uuid::Uuid;

use crate::platform::error::Message;
use crate::platform::i18n::Lang;

/// The chosen colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// The theme with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Auto, Self::Light, Self::Dark]
            .into_iter()
            .find(|theme| theme.code() == code)
    }

    /// The theme's code, as in `data-theme` and in the cookie.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their id, from which the avatar is drawn.
    pub uid: Uuid,
    /// Their name as shown.
    pub name: String,
    /// Their roles in words, in the language of the page.
    pub role_line: String,
}

/// A place of the navigation; `label` is the id of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NavLink {
    /// Its path.
    pub href: &'static str,
    /// The id of its text.
    pub label: &'static str,
}

/// A place of the navigation as it is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NavItem {
    /// Its path.
    pub href: &'static str,
    /// Its text.
    pub label: String,
    /// Whether the page belongs there.
    pub current: bool,
}

/// The language that whoever is signed in keeps with their account: auth's middleware puts it into the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountLanguage(pub Lang);

/// Who asks and where they may go: auth's middleware puts it into the request's extensions.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Who is signed in.
    pub person: Person,
    /// At most five places, the ones of their roles.
    pub nav: Vec<NavLink>,
    /// The places of the admin section that they may enter.
    pub section: Vec<NavLink>,
    /// A notice above every page, such as the emergency stop.
    pub banner: Option<Message>,
    /// The zone in which they want to see times; none: the company's.
    pub zone: Option<Tz>,
    /// The colours that they keep with their account; none: those of the browser.
    pub theme: Option<Theme>,
    /// The filters that they want lists to begin with: path and query.
    pub default_filters: BTreeMap<String, String>,
    /// Whether keyboard shortcuts work for them.
    pub shortcuts: bool,
    /// Where single keys lead after `G`: the key and the path.
    pub leaps: Vec<(char, &'static str)>,
}
