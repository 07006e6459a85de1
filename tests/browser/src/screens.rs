//! The list of all screens: what is looked at, measured and photographed. A new page is one line more.

use std::collections::BTreeMap;

use thirtyfour::prelude::*;

use crate::chromium::Chromium;
use crate::client::Client;
use crate::product::Product;
use crate::steps::{Outcome, press, type_into, wait_for};

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Somebody who is not logged in.
    Nobody,
    /// A developer, who has tasks and money.
    Developer,
    /// A developer of today with a long name, no task and no money.
    Novice,
    /// A manager.
    Manager,
    /// An accountant.
    Accountant,
    /// The boss.
    Boss,
    /// An administrator.
    Administrator,
    /// Somebody of no particular role.
    Other,
}

impl Who {
    /// Everybody.
    pub const ALL: [Self; 8] = [
        Self::Nobody,
        Self::Developer,
        Self::Novice,
        Self::Manager,
        Self::Accountant,
        Self::Boss,
        Self::Administrator,
        Self::Other,
    ];

    /// The log-in name; nothing for nobody.
    #[must_use]
    pub const fn username(self) -> Option<&'static str> {
        match self {
            Self::Nobody => None,
            Self::Developer => Some("developer"),
            Self::Novice => Some("novice"),
            Self::Manager => Some("manager"),
            Self::Accountant => Some("accountant"),
            Self::Boss => Some("v.orlov"),
            Self::Administrator => Some("administrator"),
            Self::Other => Some("g.gusev"),
        }
    }

    /// A browser without scripts that this person is logged in with.
    #[must_use]
    pub fn client(self, base: &str) -> Client {
        self.username()
            .map_or_else(|| Client::new(base), |username| Client::of(base, username))
    }
}

/// What brings a page into the state to look at.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Writes into the field with this id, which is its name as well.
    Fill(&'static str, &'static str),
    /// Presses what leads to another page.
    Press(&'static str),
    /// Presses what opens something on this page.
    Open(&'static str),
    /// Presses keys, wherever the focus is.
    Keys(&'static str),
    /// Presses a key with Control.
    Control(&'static str),
    /// Waits until a script says true.
    Await(&'static str),
}

/// One screen.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Its name in the contact sheet and in what a test says.
    pub name: &'static str,
    /// Its address; what stands in braces is looked up by [`Places`].
    pub path: &'static str,
    /// Who looks at it.
    pub who: Who,
    /// What is done there before it is looked at.
    pub acts: &'static [Act],
}

const fn screen(name: &'static str, who: Who, path: &'static str) -> Screen {
    Screen {
        name,
        path,
        who,
        acts: &[],
    }
}

const fn after(name: &'static str, who: Who, path: &'static str, acts: &'static [Act]) -> Screen {
    Screen {
        name,
        path,
        who,
        acts,
    }
}

use Act::{Await, Control, Fill, Keys, Open, Press};
use Who::{Accountant, Administrator, Boss, Developer, Manager, Nobody, Novice, Other};

const PALETTE: &[Act] = &[
    Control("k"),
    Await("document.querySelectorAll('dialog[open] li').length > 0"),
];

/// All of them.
pub const SCREENS: &[Screen] = &[
    screen("login", Nobody, "/login"),
    after(
        "login-wrong",
        Nobody,
        "/login",
        &[
            Fill("username", "developer"),
            Fill("password", "not this one"),
            Press("form[action='/login'] button"),
        ],
    ),
    after(
        "login-preferences",
        Nobody,
        "/login",
        &[Open("details.menu summary")],
    ),
    screen("login-beak", Nobody, "/login/beak"),
    screen("password-reset", Nobody, "/password/reset"),
    screen("password-new-dead-link", Nobody, "/password/new"),
    screen("password-strength", Nobody, "/password/strength"),
    screen("register", Nobody, "/register"),
    screen("tasks-many", Developer, "/tasks"),
    screen("tasks-done", Developer, "/tasks?status=done"),
    screen("tasks-none", Novice, "/tasks"),
    screen("tasks-not-for-managers", Manager, "/tasks"),
    after(
        "person-menu",
        Developer,
        "/tasks",
        &[Open("details.menu summary")],
    ),
    screen("task-new", Developer, "/tasks/new"),
    after(
        "task-new-errors",
        Developer,
        "/tasks/new",
        &[
            Fill("jira_id", "not a key"),
            Press("form[action='/tasks'] button"),
        ],
    ),
    screen("task-open", Developer, "/tasks/{mine}"),
    screen("task-done", Developer, "/tasks/{done}"),
    screen("task-being-priced", Manager, "/tasks/{saving}"),
    screen("task-long-title", Manager, "/tasks/{long}"),
    screen("task-edit", Manager, "/tasks/{long}/edit"),
    screen("tasks-all", Manager, "/tasks/all"),
    screen(
        "tasks-all-filtered",
        Manager,
        "/tasks/all?status=open&q=cage",
    ),
    screen(
        "tasks-all-filtered-empty",
        Manager,
        "/tasks/all?q=no-such-thing",
    ),
    after(
        "tasks-all-page-2",
        Manager,
        "/tasks/all",
        &[Press("a[rel='next']")],
    ),
    screen("shuffle-new", Manager, "/shuffles/new"),
    screen("shuffles", Manager, "/shuffles"),
    screen("shuffle-done", Manager, "/shuffles/{shuffle}"),
    screen("shuffle-running", Manager, "/shuffles/{running}"),
    screen("shuffle-at-0", Manager, "/shuffles/{pressed}"),
    screen("shuffle-stalled", Manager, "/shuffles/{stalled}"),
    screen("account", Developer, "/account"),
    screen("account-empty", Novice, "/account"),
    screen(
        "account-in-minus",
        Developer,
        "/account?kind=assignment_fee",
    ),
    screen("statements", Developer, "/account/statements"),
    screen("statement-of-a-day", Developer, "/account/statements/{day}"),
    screen("statement-of-a-period", Developer, "/account/statement"),
    screen("bank-account", Developer, "/account/bank-account"),
    screen("company", Accountant, "/accounting"),
    screen("company-day", Accountant, "/accounting/days/{day}"),
    screen("company-day-open", Accountant, "/accounting/days/{today}"),
    screen(
        "company-statement",
        Accountant,
        "/accounting/days/{day}/statement",
    ),
    screen("balances", Accountant, "/accounting/balances"),
    screen("recount", Accountant, "/accounting/recount"),
    screen("payouts", Accountant, "/accounting/payouts"),
    screen("payout-run", Accountant, "/accounting/payouts/{day}"),
    screen("corrections", Accountant, "/accounting/corrections"),
    screen(
        "correction",
        Accountant,
        "/accounting/corrections/{correction}",
    ),
    screen("correction-new", Accountant, "/accounting/corrections/new"),
    after(
        "correction-new-errors",
        Accountant,
        "/accounting/corrections/new",
        &[Press("form[action='/accounting/corrections'] button")],
    ),
    screen("mails", Accountant, "/admin/mails"),
    screen("mail", Accountant, "/admin/mails/{mail}"),
    screen("analytics", Administrator, "/analytics"),
    screen("tasks-of-boss", Boss, "/tasks"),
    screen(
        "analytics-empty-range",
        Administrator,
        "/analytics?from=2020-01-01&to=2020-01-02",
    ),
    screen("admin", Administrator, "/admin"),
    screen("users", Administrator, "/admin/users"),
    screen("user", Administrator, "/admin/users/{user}"),
    screen("user-new", Administrator, "/admin/users/new"),
    after(
        "user-new-errors",
        Administrator,
        "/admin/users/new",
        &[
            Fill("username", "developer"),
            Fill("email", "developer@uberpopug.example"),
            Fill("name", "Somebody"),
            Fill("surname", "Else"),
            Fill("password", "short"),
            Press("form[action='/admin/users'] button"),
        ],
    ),
    screen("roles", Administrator, "/admin/roles"),
    screen("account-mails", Administrator, "/admin/account-mails"),
    screen("modules", Administrator, "/admin/modules"),
    screen("module", Administrator, "/admin/modules/accounting.ledger"),
    screen("dead-letters", Administrator, "/admin/dead-letters"),
    screen(
        "dead-letter",
        Administrator,
        "/admin/dead-letters/analytics.projection/{item}",
    ),
    screen("runs", Administrator, "/admin/runs"),
    screen("events", Administrator, "/admin/events"),
    screen("event", Administrator, "/admin/events/{event}"),
    screen("schedule", Administrator, "/admin/schedule"),
    screen("system", Administrator, "/admin/system"),
    screen("emergency-stop", Administrator, "/admin/emergency-stop"),
    screen("checks", Administrator, "/admin/checks"),
    screen("scenarios", Administrator, "/admin/scenarios"),
    screen("audit", Administrator, "/admin/audit"),
    screen("abuse", Administrator, "/admin/abuse"),
    screen("profile", Developer, "/profile"),
    screen("credentials", Developer, "/profile/credentials"),
    screen("access", Developer, "/profile/access"),
    screen("feeds", Developer, "/profile/feeds"),
    screen("profile-of-other", Other, "/profile"),
    screen("forbidden", Developer, "/admin/users"),
    screen("not-found", Developer, "/no-such-page"),
    screen("help", Developer, "/help"),
    screen("help-shortcuts", Developer, "/help/shortcuts"),
    screen("accessibility", Nobody, "/about/accessibility"),
    screen("search", Manager, "/search?q=cage"),
    screen("search-nothing-asked", Developer, "/search"),
    screen("search-nothing-found", Developer, "/search?q=no-such-thing"),
    after("palette", Manager, "/tasks/all", PALETTE),
    after(
        "palette-found",
        Manager,
        "/tasks/all",
        &[
            Control("k"),
            Await("document.querySelector('dialog[open] input') === document.activeElement"),
            Keys("cage"),
            Await(
                "[...document.querySelectorAll('dialog[open] li')].some((row) => row.textContent.includes('cage'))",
            ),
        ],
    ),
    after(
        "shortcuts-dialog",
        Developer,
        "/tasks",
        &[
            Keys("?"),
            Await("document.querySelector('dialog[open] #shortcuts') !== null"),
        ],
    ),
    screen("not-found-for-nobody", Nobody, "/no-such-page"),
];

/// What stands in braces in the addresses.
pub struct Places(BTreeMap<&'static str, String>);

impl Places {
    /// What the company's history does not have: shuffles that never get on, and a task whose price never comes.
    pub const STATES: &str = "create function tasks.hold_shuffle() returns trigger language plpgsql as $$ begin raise exception 'held'; end $$;
             insert into tasks.shuffles (id, state, seed, requested_by, requested_at, started_at, last_chunk_at, total, done)
               select gen_random_uuid(), 'running', sha256('seed'), u.id, now() - ago, now() - ago, now() - ago, 1000, done
               from auth.users u, (values (1, interval '1 hour', 250), (2, interval '0', 600), (3, interval '0', 0)) as run (place, ago, done)
               where u.username = 'manager' order by place;
             create trigger hold_shuffle before update on tasks.shuffles for each row execute function tasks.hold_shuffle();
             insert into tasks.tasks (id, title, status, assignee_id, assignment_seq, created_at, created_by, updated_at)
               select gen_random_uuid(), 'Count the feathers twice', 'saving', d.id, 1, now(), m.id, now()
               from auth.users d, auth.users m where d.username = 'g.gusev' and m.username = 'manager'";

    /// Finds out where things are, in a company that has the [states](Self::STATES).
    #[must_use]
    pub fn of(product: &Product) -> Self {
        let developer = "(select id from auth.users where username = 'developer')";
        let found = [
            (
                "mine",
                format!(
                    "select id from tasks.tasks where assignee_id = {developer} and status = 'open' order by number desc limit 1"
                ),
            ),
            (
                "done",
                format!(
                    "select id from tasks.tasks where assignee_id = {developer} and status = 'done' order by number desc limit 1"
                ),
            ),
            (
                "saving",
                "select id from tasks.tasks where status = 'saving' limit 1".to_owned(),
            ),
            (
                "long",
                "select id from tasks.tasks where length(title) >= 190 limit 1".to_owned(),
            ),
            (
                "shuffle",
                "select id from tasks.shuffles where state = 'done' limit 1".to_owned(),
            ),
            (
                "running",
                "select id from tasks.shuffles where done = 600 and total = 1000".to_owned(),
            ),
            (
                "stalled",
                "select id from tasks.shuffles where done = 250 and total = 1000".to_owned(),
            ),
            (
                "pressed",
                "select id from tasks.shuffles where done = 0 and total = 1000".to_owned(),
            ),
            (
                "day",
                "select max(business_date) from accounting.business_days where state = 'closed'"
                    .to_owned(),
            ),
            (
                "today",
                "select max(business_date) from accounting.business_days".to_owned(),
            ),
            (
                "mail",
                format!(
                    "select id from accounting.mails where employee_id = {developer} order by created_at desc limit 1"
                ),
            ),
            (
                "correction",
                "select id from accounting.corrections order by id desc limit 1".to_owned(),
            ),
            ("user", developer.trim_matches(['(', ')']).to_owned()),
            (
                "item",
                "select item_id from bus.parked_items order by seq limit 1".to_owned(),
            ),
            (
                "event",
                "select event_id from bus.events order by seq desc limit 1".to_owned(),
            ),
        ];
        let places = found.into_iter().map(|(name, sql)| {
            let place = product.ask(&sql);
            (name, place.unwrap_or_else(|| panic!("there is no {name}")))
        });
        Self(places.collect())
    }

    /// An address with something real in place of what stands in braces.
    #[must_use]
    pub fn fill(&self, path: &str) -> String {
        let mut filled = path.to_owned();
        for (name, place) in &self.0 {
            filled = filled.replace(&format!("{{{name}}}"), place);
        }
        filled
    }
}

impl Screen {
    /// Opens it and brings it into its state.
    pub async fn show(&self, chromium: &Chromium, base: &str, places: &Places) -> Outcome {
        let browser = &chromium.driver;
        browser
            .goto(format!("{base}{}", places.fill(self.path)))
            .await?;
        for act in self.acts {
            match act {
                Fill(id, text) => type_into(browser, id, text).await?,
                Press(selector) => press(browser, selector).await?,
                Open(selector) => browser.find(By::Css(*selector)).await?.click().await?,
                Keys(keys) => browser.action_chain().send_keys(*keys).perform().await?,
                Control(key) => {
                    let chain = browser.action_chain().key_down(Key::Control);
                    chain.send_keys(*key).key_up(Key::Control).perform().await?;
                }
                Await(script) => wait_for(browser, self.name, script).await?,
            }
        }
        Ok(())
    }

    /// The page as a browser without scripts is shown it; where the acts send a form, what comes back for that.
    pub fn ask(&self, client: &mut Client, places: &Places) -> String {
        let path = places.fill(self.path);
        let Some(action) = self.acts.iter().find_map(Act::form) else {
            return client.get(&path).html;
        };
        let fields: Vec<_> = self.acts.iter().filter_map(Act::filled).collect();
        let answer = client.submit(&path, action, &fields);
        assert_eq!(answer.location, None, "{} is left", self.name);
        answer.html
    }
}

impl Act {
    /// Where the form goes whose button is pressed.
    fn form(&self) -> Option<&'static str> {
        let Press(selector) = self else { return None };
        let (action, _) = selector.strip_prefix("form[action='")?.split_once('\'')?;
        Some(action)
    }

    /// A field and what is written into it.
    fn filled(&self) -> Option<(&'static str, &'static str)> {
        let Fill(name, text) = self else { return None };
        Some((name, text))
    }
}
