//! Webhooks: signed, in order, at least once, whatever the target does.

mod example;
mod handing;
mod outage;
mod refusals;
mod target;

use std::time::Duration;

use ates::bus::{self, Holder};
use ates::events::{self, AccountLoggedIn};
use ates::platform::config::EVENT_TYPES;
use ates::platform::db::{Lane, Origin};
use ates::platform::ids::fresh_key;
use ates::platform::workers::Progress;
use ates::webhooks::Webhook;
use uuid::Uuid;

use crate::support::database::text;
use crate::support::{Api, TestApp};
use target::Target;

const NAME: &str = "webhook.crm";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A product that tells a target of log-ins, a step at a time.
struct House {
    app: TestApp,
    target: Target,
    hook: Webhook,
    holder: Uuid,
    root: Api,
}

impl House {
    fn new() -> Self {
        let target = Target::start();
        let setting = format!("crm {}/hook {SECRET} account.logged_in", target.address());
        let app = TestApp::with(|settings| settings.workers(false).set("ATES_WEBHOOKS", setting));
        let root = app.register("root", &["administrator"]);
        let root = app.api(&root);
        let hook = hook_of(&app);
        bus::register_outlet(app.db(), &hook).unwrap();
        Self {
            app,
            target,
            hook,
            holder: fresh_key(),
            root,
        }
    }

    /// Somebody logs in: an event about them.
    fn tell(&self, subjects: &[u128]) {
        self.app
            .db()
            .transaction_blocking(Lane::Worker, bus::ROLE, Origin::system(), |tx| {
                for subject in subjects {
                    let method = "password".to_owned();
                    events::publish(tx, Uuid::from_u128(*subject), &AccountLoggedIn { method })?;
                }
                Ok(())
            })
            .unwrap();
    }

    fn step(&mut self) -> Progress {
        step(&self.app, &mut self.hook, self.holder)
    }

    /// Steps until there is nothing more to do now.
    fn work(&mut self) {
        while self.step() == Progress::More {}
    }

    fn wait(&self, seconds: i64) {
        self.app.clock().advance(chrono::Duration::seconds(seconds));
    }

    /// States of the parked items, in order.
    fn parked(&self) -> String {
        text(
            &mut self.app.conn(),
            "select coalesce(string_agg(state, ' ' order by seq), '') as t from bus.parked_items",
        )
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // What the tests leave unsent must not be waited for.
        let holder = Holder::Operator("test".into());
        drop(bus::pause(
            self.app.db(),
            NAME,
            &holder,
            "the test is over",
            Origin::system(),
        ));
    }
}

fn hook_of(app: &TestApp) -> Webhook {
    Webhook::new(app.config().webhooks[0].clone(), app.clock().clone())
}

fn step(app: &TestApp, hook: &mut Webhook, holder: Uuid) -> Progress {
    bus::step_outlet(app.db(), hook, holder, Duration::from_secs(300)).unwrap()
}

#[test]
fn the_types_that_a_target_can_choose_are_those_of_the_events() {
    assert_eq!(EVENT_TYPES, events::ALL_TYPES);
}
