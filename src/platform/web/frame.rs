//! The frame of a page: everything that `templates/base.html` needs, and how figures are printed on it.

mod visitor;

use actix_web::http::{Method, header};
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use i18n_embed::fluent::FluentLanguageLoader;
use uuid::Uuid;

use super::{
    DEFAULT_OFF, DateTag, DefaultFilter, FlashView, MoneyTag, TimeTag, WebSettings, cookies, csrf,
    flash, request_id, static_files,
};
use crate::platform::db::Db;
use crate::platform::error::Message;
use crate::platform::i18n::{self, Lang};
use crate::platform::money::Money;
use crate::platform::period::Period;
pub use visitor::{AccountLanguage, NavItem, NavLink, Person, Theme, Visitor};

/// The frame of a page.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The language of the page.
    pub lang: Lang,
    /// The texts in that language, for `fl!(self.frame.l, ..)`.
    pub l: &'static FluentLanguageLoader,
    /// The chosen colours.
    pub theme: Theme,
    /// The path of the page without its query.
    pub path: String,
    /// Where to return after a switch of language or theme: path and query of a page that was read, else `/`.
    pub back: String,
    /// Who is signed in.
    pub person: Option<Person>,
    /// Their places.
    pub nav: Vec<NavItem>,
    /// The places of the section that the page belongs to, if it is one of them.
    pub section: Vec<NavItem>,
    /// What the list of the page says of the filter that it begins with; silent on other pages.
    pub default_filter: DefaultFilter,
    /// Where keys lead after `G`, for those whose shortcuts are on: what the script reads, `t/tasks a/account`.
    pub leaps: Option<String>,
    /// The token that every form of the page carries.
    pub csrf: String,
    /// The id of the request, which its answer and its log lines carry.
    pub request_id: Uuid,
    /// A fresh one-time key for a form that must have one effect; a form that comes back keeps its own.
    pub key: Uuid,
    /// The message of the step before.
    pub flash: Option<FlashView>,
    /// The zone of all times on the page.
    pub zone: Tz,
    /// The currency's code.
    pub currency: String,
    /// Whether the company is a made-up one.
    pub demo: bool,
    /// Whether people may register themselves.
    pub registration: bool,
    /// A notice above the page.
    pub banner: Option<String>,
    /// That changes are refused, and why.
    pub read_only: Option<String>,
}

impl Frame {
    /// The frame of the page that answers `request`. Takes the flash message: call it for a page only, not for a redirect.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let mut frame = Self::without_visitor(request);
        frame.csrf = csrf::token(request);
        frame.flash = flash::take(request, frame.lang);
        if let Some(visitor) = request.extensions().get::<Visitor>() {
            frame.person = Some(visitor.person.clone());
            frame.zone = visitor.zone.unwrap_or(frame.zone);
            frame.theme = visitor.theme.unwrap_or(frame.theme);
            let nav = place_of(&visitor.nav, &frame.path)
                .or_else(|| place_beside(&visitor.nav, &frame.path));
            frame.nav = nav_items(frame.lang, &visitor.nav, nav);
            let section = place_of(&visitor.section, &frame.path);
            let section = nav_items(frame.lang, &visitor.section, section);
            if section.iter().any(|item| item.current) {
                frame.section = section;
            }
            frame.default_filter = DefaultFilter::of(
                &frame.path,
                request.query_string(),
                visitor.default_filters.get(&frame.path).map(String::as_str),
            );
            frame.leaps = visitor.shortcuts.then(|| {
                let leaps: Vec<String> = visitor
                    .leaps
                    .iter()
                    .map(|(key, href)| format!("{key}{href}"))
                    .collect();
                leaps.join(" ")
            });
            frame.banner = visitor
                .banner
                .as_ref()
                .map(|banner| i18n::text(frame.lang, banner));
        }
        frame
    }

    /// The frame of a page that knows nobody and has no forms.
    pub(super) fn without_visitor(request: &HttpRequest) -> Self {
        let settings = WebSettings::of(request);
        let lang = lang_of(request);
        let was_read = [Method::GET, Method::HEAD].contains(request.method());
        Self {
            lang,
            l: lang.loader(),
            theme: cookies::value(request, cookies::THEME)
                .and_then(|code| Theme::from_code(&code))
                .unwrap_or_default(),
            path: request.path().to_owned(),
            back: if was_read {
                request
                    .uri()
                    .path_and_query()
                    .map_or("/", |path| path.as_str())
            } else {
                "/"
            }
            .to_owned(),
            person: None,
            nav: Vec::new(),
            section: Vec::new(),
            default_filter: DefaultFilter::default(),
            leaps: None,
            csrf: String::new(),
            request_id: request_id(request),
            key: crate::platform::ids::fresh_key(),
            flash: None,
            zone: settings.zone,
            currency: settings.currency.clone(),
            demo: settings.demo,
            registration: settings.registration,
            banner: None,
            read_only: request
                .app_data::<Data<Db>>()
                .and_then(|db| db.mode().notice())
                .map(|notice| i18n::text(lang, &notice)),
        }
    }

    /// A balance: a minus for debts, no sign otherwise.
    #[must_use]
    pub fn money(&self, amount: &Money) -> MoneyTag<'_> {
        MoneyTag::balance(self.lang, *amount, &self.currency)
    }

    /// A movement: always with its sign.
    #[must_use]
    pub fn signed(&self, amount: &Money) -> MoneyTag<'_> {
        MoneyTag::movement(self.lang, *amount, &self.currency)
    }

    /// A balance as plain text, for messages and attributes.
    #[must_use]
    pub fn money_text(&self, amount: &Money) -> String {
        i18n::money(self.lang, *amount, &self.currency)
    }

    /// A movement as plain text, for messages and attributes.
    #[must_use]
    pub fn signed_text(&self, amount: &Money) -> String {
        i18n::signed(self.lang, *amount, &self.currency)
    }

    /// A day.
    #[must_use]
    pub fn date(&self, date: &NaiveDate) -> DateTag {
        DateTag {
            lang: self.lang,
            date: *date,
        }
    }

    /// A day as plain text.
    #[must_use]
    pub fn date_text(&self, date: &NaiveDate) -> String {
        i18n::date(self.lang, *date)
    }

    /// A span of days as plain text; a single day as that day.
    #[must_use]
    pub fn period_text(&self, period: &Period) -> String {
        let from = self.date_text(&period.from);
        if period.is_day() {
            return from;
        }
        format!("{from} – {}", self.date_text(&period.to))
    }

    /// An instant, in the page's zone.
    #[must_use]
    pub fn time(&self, at: &DateTime<Utc>) -> TimeTag {
        TimeTag {
            lang: self.lang,
            at: *at,
            zone: self.zone,
        }
    }

    /// An instant as plain text.
    #[must_use]
    pub fn time_text(&self, at: &DateTime<Utc>) -> String {
        i18n::instant(self.lang, *at, self.zone)
    }

    /// The address of a list: where a bare one would lead to the filter that the list begins with, one that says to leave it out.
    #[must_use]
    pub fn list_href(&self, href: &str) -> String {
        if href == self.path && !self.default_filter.saved.is_empty() {
            format!("{href}?{DEFAULT_OFF}")
        } else {
            href.to_owned()
        }
    }

    /// A message in the page's language.
    #[must_use]
    pub fn text(&self, message: &Message) -> String {
        i18n::text(self.lang, message)
    }

    /// Where the style sheet lies.
    #[must_use]
    pub fn css_url(&self) -> &'static str {
        static_files::css_url()
    }

    /// Where the script of shortcuts and palette lies.
    #[must_use]
    pub fn script_url(&self) -> &'static str {
        static_files::script_url()
    }

    /// Where the script of drawing pads lies.
    #[must_use]
    pub fn pad_url(&self) -> &'static str {
        static_files::pad_url()
    }

    /// Where the script of passkeys lies.
    #[must_use]
    pub fn passkey_url(&self) -> &'static str {
        static_files::passkey_url()
    }

    /// Where the script of live parts lies.
    #[must_use]
    pub fn live_url(&self) -> &'static str {
        static_files::live_url()
    }

    /// Where the script that reads the code of a mailed link lies.
    #[must_use]
    pub fn code_url(&self) -> &'static str {
        static_files::code_url()
    }

    /// Where the script of the buttons that print, copy and show lies.
    #[must_use]
    pub fn buttons_url(&self) -> &'static str {
        static_files::buttons_url()
    }

    /// Where the script that shows the strength of a new password lies.
    #[must_use]
    pub fn strength_url(&self) -> &'static str {
        static_files::strength_url()
    }

    /// Where the icon lies.
    #[must_use]
    pub fn icon_url(&self) -> &'static str {
        static_files::icon_url()
    }

    /// Every language with whether it is the page's own.
    #[must_use]
    pub fn languages(&self) -> [(Lang, bool); 2] {
        Lang::ALL.map(|lang| (lang, lang == self.lang))
    }
}

/// The language of whoever sent a request: their choice in this browser, else the one of their account, else their browser's.
#[must_use]
pub fn lang_of(request: &HttpRequest) -> Lang {
    let accepted = request
        .headers()
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    let account = request.extensions().get::<AccountLanguage>().copied();
    let chosen = cookies::value(request, cookies::LANGUAGE)
        .filter(|code| Lang::from_code(code).is_some())
        .or_else(|| account.map(|AccountLanguage(lang)| lang.code().to_owned()));
    Lang::negotiate(chosen.as_deref(), accepted)
}

/// Whether a page is in a folder.
fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// The place that a page belongs to: itself, or the nearest one above it.
fn place_of(links: &[NavLink], path: &str) -> Option<&'static str> {
    links
        .iter()
        .map(|link| link.href)
        .filter(|href| path == *href || is_below(path, href))
        .max_by_key(|href| href.len())
}

/// The place in whose folder a page is: who has no `/tasks` comes to `/tasks/{uid}` from `/tasks/all`.
fn place_beside(links: &[NavLink], path: &str) -> Option<&'static str> {
    links.iter().map(|link| link.href).find(|href| {
        href.rsplit_once('/')
            .is_some_and(|(folder, _)| !folder.is_empty() && is_below(path, folder))
    })
}

fn nav_items(lang: Lang, links: &[NavLink], current: Option<&str>) -> Vec<NavItem> {
    links
        .iter()
        .map(|link| NavItem {
            href: link.href,
            label: i18n::text(lang, &Message::new(link.label)),
            current: current == Some(link.href),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(hrefs: &[&'static str]) -> Vec<NavLink> {
        let link = |href: &&'static str| NavLink {
            href,
            label: "language",
        };
        hrefs.iter().map(link).collect()
    }

    #[test]
    fn the_nearest_place_is_the_current_one() {
        let links = links(&["/tasks", "/tasks/all", "/account"]);
        let current = |path: &str| place_of(&links, path);
        assert_eq!(current("/tasks"), Some("/tasks"));
        assert_eq!(current("/tasks/all"), Some("/tasks/all"));
        assert_eq!(current("/tasks/0190"), Some("/tasks"));
        assert_eq!(current("/accounting"), None);
        let items = nav_items(Lang::En, &links, current("/tasks/all"));
        let marked: Vec<&str> = items
            .iter()
            .filter(|item| item.current)
            .map(|item| item.href)
            .collect();
        assert_eq!(marked, ["/tasks/all"]);
    }

    #[test]
    fn a_page_without_a_place_above_it_belongs_to_the_one_beside_it() {
        let links = links(&["/tasks/all", "/account", "/shuffles"]);
        assert_eq!(place_beside(&links, "/tasks/0190"), Some("/tasks/all"));
        assert_eq!(place_beside(&links, "/tasks"), None);
        assert_eq!(place_beside(&links, "/profile/access"), None);
    }
}
