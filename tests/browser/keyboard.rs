//! The paths that a keyboard alone walks: after each step the focus is where a person expects it, and never lost.

use ates_browser::{
    Chromium, Outcome, PASSWORD, Product, Who, focused, task_of, wait_for, wait_for_text,
};
use thirtyfour::prelude::*;

/// A browser in front of a company, for one path.
struct Desk {
    product: Product,
    chromium: Chromium,
}

impl Desk {
    async fn of(who: Who, change: &'static str) -> Outcome<Self> {
        let (product, client) = tokio::task::spawn_blocking(move || {
            let product = Product::of_company(change);
            let client = who.client(&product.base);
            (product, client)
        })
        .await?;
        let chromium = Chromium::start().await;
        chromium
            .become_(&product.base, &client, "en", "light")
            .await?;
        Ok(Self { product, chromium })
    }

    fn browser(&self) -> &WebDriver {
        &self.chromium.driver
    }

    async fn open(&self, path: &str) -> Outcome {
        let url = format!("{}{path}", self.product.base);
        Ok(self.browser().goto(url).await?)
    }

    /// Presses keys, wherever the focus is.
    async fn keys(&self, keys: impl AsRef<str>) -> Outcome {
        let chain = self.browser().action_chain();
        Ok(chain.send_keys(keys.as_ref()).perform().await?)
    }

    /// Presses a key while another is held.
    async fn chord(&self, held: Key, key: impl Into<TypingData>) -> Outcome {
        let chain = self.browser().action_chain().key_down(held.clone());
        Ok(chain.send_keys(key).key_up(held).perform().await?)
    }

    async fn key(&self, key: Key) -> Outcome {
        self.keys(String::from(key.value())).await
    }

    /// Goes on by Tab until what has the focus fits a selector.
    async fn tab_to(&self, selector: &str) -> Outcome {
        for _ in 0..80 {
            self.key(Key::Tab).await?;
            if self.has_focus(selector).await? {
                return Ok(());
            }
        }
        Err(format!("Tab does not lead to {selector}").into())
    }

    async fn has_focus(&self, selector: &str) -> Outcome<bool> {
        let script = "return document.activeElement?.matches(arguments[0]) === true";
        let answer = self
            .browser()
            .execute(script, vec![selector.into()])
            .await?;
        Ok(answer.json().as_bool() == Some(true))
    }

    async fn expect_focus(&self, selector: &str) -> Outcome {
        let script = format!("document.activeElement?.matches({selector:?}) === true");
        wait_for(self.browser(), &format!("the focus on {selector}"), &script).await
    }

    /// Waits for another page after something was done.
    async fn expect_next_page(&self, done: impl Future<Output = Outcome>) -> Outcome {
        self.browser()
            .execute("document.documentElement.dataset.left = ''", vec![])
            .await?;
        done.await?;
        let arrived =
            "document.readyState === 'complete' && !('left' in document.documentElement.dataset)";
        wait_for(self.browser(), "the next page", arrived).await
    }

    /// Presses Enter on what leads to another page, and waits for that.
    async fn enter_to_next_page(&self) -> Outcome {
        self.expect_next_page(self.key(Key::Enter)).await
    }

    async fn leave(self) {
        self.chromium.quit().await;
        drop(self.product);
    }
}

/// Runs a path, and lets go of browser and company however it ends.
macro_rules! path {
    ($name:ident, $who:expr, $change:expr, $walk:ident) => {
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() -> Outcome {
            let desk = Desk::of($who, $change).await?;
            let outcome = $walk(&desk).await;
            desk.leave().await;
            outcome
        }
    };
}

path!(
    m18_path_1_the_skip_link_leads_to_the_content,
    Who::Developer,
    "",
    skip
);
async fn skip(desk: &Desk) -> Outcome {
    for page in ["/tasks", "/account", "/profile"] {
        desk.open(page).await?;
        desk.key(Key::Tab).await?;
        desk.expect_focus("a.skip").await?;
        desk.key(Key::Enter).await?;
        desk.expect_focus("main").await?;
        desk.key(Key::Tab).await?;
        desk.expect_focus("main *").await?;
    }
    Ok(())
}

path!(
    m18_path_2_a_log_in_goes_wrong_and_then_right,
    Who::Nobody,
    "",
    log_in
);
async fn log_in(desk: &Desk) -> Outcome {
    desk.open("/login").await?;
    desk.tab_to("#username").await?;
    desk.keys("developer").await?;
    desk.tab_to("#password").await?;
    desk.keys("not this one").await?;
    desk.enter_to_next_page().await?;
    desk.expect_focus(".error-summary").await?;
    desk.tab_to(".error-summary a").await?;
    desk.key(Key::Enter).await?;
    desk.expect_focus("#username").await?;
    // After a wrong password the next try has to wait a moment, and the page says so.
    for _ in 0..200 {
        desk.tab_to("#password").await?;
        desk.keys(PASSWORD).await?;
        desk.enter_to_next_page().await?;
        let refused = desk.browser().find(By::Css(".error-summary")).await.is_ok();
        if !refused {
            return wait_for_text(desk.browser(), "h1", "My tasks").await;
        }
        wait_for_text(desk.browser(), ".error-summary", "second").await?;
    }
    Err("the right password is never taken".into())
}

path!(
    m18_path_3_completing_keeps_the_focus_and_says_what_happened,
    Who::Developer,
    "",
    complete
);
async fn complete(desk: &Desk) -> Outcome {
    desk.open("/tasks").await?;
    desk.tab_to("#mine form button").await?;
    let title = task_of(desk.browser(), "#mine tbody tr:has(form)").await?;
    desk.enter_to_next_page().await?;
    desk.expect_focus(".flash[role='status'], h1, #mine *")
        .await?;
    wait_for_text(desk.browser(), ".flash", &title).await
}

path!(
    m18_path_4_keys_lead_through_a_list_and_can_be_switched_off,
    Who::Developer,
    "",
    shortcuts
);
async fn shortcuts(desk: &Desk) -> Outcome {
    desk.open("/tasks").await?;
    let second = "#mine tbody tr:nth-child(2)";
    let title = task_of(desk.browser(), second).await?;
    desk.keys("j").await?;
    desk.expect_focus("#mine tbody tr:nth-child(1) a").await?;
    desk.keys("j").await?;
    desk.expect_focus(&format!("{second} a")).await?;
    desk.expect_next_page(desk.keys("d")).await?;
    wait_for_text(desk.browser(), ".flash", &title).await?;
    desk.expect_focus(".flash, h1, #mine *").await?;

    desk.keys("j").await?;
    desk.expect_focus("#mine tbody a").await?;
    desk.keys("?").await?;
    let opened = "document.querySelector('dialog[open] #shortcuts') !== null";
    wait_for(desk.browser(), "the list of keys", opened).await?;
    desk.expect_focus("dialog, dialog *").await?;
    desk.key(Key::Escape).await?;
    desk.expect_focus("#mine tbody a").await?;

    desk.open("/profile").await?;
    desk.tab_to("#shortcuts").await?;
    desk.key(Key::Down).await?;
    desk.tab_to("form:has(#shortcuts) button").await?;
    desk.enter_to_next_page().await?;
    desk.open("/tasks").await?;
    desk.keys("jd?").await?;
    assert!(desk.has_focus("body").await?, "keys still do something");
    assert!(desk.browser().find(By::Css("dialog")).await.is_err());
    Ok(())
}

path!(
    m18_path_5_a_list_is_filtered_sorted_and_leafed_through,
    Who::Manager,
    "",
    list
);
async fn list(desk: &Desk) -> Outcome {
    desk.open("/tasks/all").await?;
    desk.tab_to("#q").await?;
    desk.keys("cage").await?;
    desk.enter_to_next_page().await?;
    wait_for_text(desk.browser(), "#filters-on", "cage").await?;
    desk.tab_to("#all thead th a").await?;
    desk.enter_to_next_page().await?;
    desk.browser()
        .find(By::Css("#all thead th[aria-sort]"))
        .await?;
    let sorted = desk.browser().current_url().await?;
    desk.tab_to(".pager a[rel='next']").await?;
    let before = scroll(desk).await?;
    desk.enter_to_next_page().await?;
    let older = desk.browser().current_url().await?;
    assert_ne!(older, sorted);
    wait_for_text(desk.browser(), "#filters-on", "cage").await?;
    desk.browser().back().await?;
    wait_for(
        desk.browser(),
        "the page before",
        &format!("location.href === {:?}", sorted.as_str()),
    )
    .await?;
    wait_for(
        desk.browser(),
        "the place on it",
        &format!("Math.abs(scrollY - {before}) < 50"),
    )
    .await?;
    wait_for_text(desk.browser(), "#filters-on", "cage").await
}

async fn scroll(desk: &Desk) -> Outcome<i64> {
    let answer = desk
        .browser()
        .execute("return Math.round(scrollY)", vec![])
        .await?;
    Ok(answer.json().as_i64().unwrap_or_default())
}

/// Every portion of a shuffle takes a moment, so that there is something to follow.
const SLOW_SHUFFLE: &str = "create function tasks.slow_shuffle() returns trigger language plpgsql as $$ begin perform pg_sleep(0.25); return new; end $$;
     create trigger slow_shuffle before update on tasks.shuffles for each row execute function tasks.slow_shuffle()";

path!(
    m18_path_6_a_shuffle_is_confirmed_and_followed,
    Who::Manager,
    SLOW_SHUFFLE,
    shuffle
);
async fn shuffle(desk: &Desk) -> Outcome {
    desk.open("/shuffles/new").await?;
    // What cannot be undone is not what Enter does at once.
    desk.expect_focus("#press a").await?;
    desk.chord(Key::Shift, Key::Tab).await?;
    desk.expect_focus("#press button").await?;
    desk.enter_to_next_page().await?;
    desk.browser()
        .execute(
            "window.updates = 0; window.lost = 0;
             const bar = document.querySelector('[data-live-bar]');
             new MutationObserver(() => { updates++; if (!document.activeElement?.matches('nav.crumbs a')) lost++; }).observe(bar, { attributes: true });",
            vec![],
        )
        .await?;
    desk.tab_to("nav.crumbs a").await?;
    desk.browser().execute("window.lost = 0", vec![]).await?;
    wait_for(desk.browser(), "twenty updates", "updates >= 20").await?;
    wait_for_text(desk.browser(), "main", "finished").await?;
    wait_for(desk.browser(), "no loss of focus", "lost === 0").await?;
    desk.expect_focus("nav.crumbs a").await
}

path!(
    m18_the_key_r_and_a_button_stop_and_resume_what_is_live,
    Who::Administrator,
    SLOW_SHUFFLE,
    pause
);
async fn pause(desk: &Desk) -> Outcome {
    desk.open("/shuffles/new").await?;
    desk.tab_to("#press button").await?;
    desk.enter_to_next_page().await?;
    let count = "window.updates = 0;
         const bar = document.querySelector('[data-live-bar]');
         new MutationObserver(() => { updates++; }).observe(bar, { attributes: true });";
    desk.browser().execute(count, vec![]).await?;
    let pressed = |is: bool| {
        format!(
            "document.querySelector('[data-live-pause]').getAttribute('aria-pressed') === '{is}'"
        )
    };
    wait_for(desk.browser(), "the first updates", "updates >= 2").await?;
    desk.keys("r").await?;
    wait_for(desk.browser(), "a pause by R", &pressed(true)).await?;
    let done = |desk: &Desk| {
        let product = &desk.product;
        tokio::task::block_in_place(|| {
            product.ask("select max(done)::text from tasks.shuffles where number = (select max(number) from tasks.shuffles)")
        })
    };
    // The run goes on while the page stands still.
    let before = done(desk);
    let shown = "return document.querySelector('[data-live-bar]').value";
    let stood = desk.browser().execute(shown, vec![]).await?.json().clone();
    for _ in 0..200 {
        if done(desk) != before {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_ne!(done(desk), before, "the run itself stands still");
    let stands = desk.browser().execute(shown, vec![]).await?;
    assert_eq!(stands.json(), &stood, "the page moves while it is paused");
    desk.keys("r").await?;
    wait_for(desk.browser(), "its end by R", &pressed(false)).await?;
    desk.browser().execute("window.updates = 0", vec![]).await?;
    wait_for(desk.browser(), "updates again", "updates >= 2").await?;
    desk.tab_to("[data-live-pause]").await?;
    desk.key(Key::Enter).await?;
    wait_for(desk.browser(), "a pause by the button", &pressed(true)).await?;
    desk.expect_focus("[data-live-pause]").await?;
    desk.keys(" ").await?;
    wait_for(desk.browser(), "its end by the button", &pressed(false)).await?;
    wait_for_text(desk.browser(), "main", "finished").await
}

path!(
    m18_what_changes_at_the_door_of_the_admin_section_is_said_once,
    Who::Administrator,
    "",
    voice
);
async fn voice(desk: &Desk) -> Outcome {
    desk.open("/admin").await?;
    let quiet = "document.querySelector('#voice[role=status]').textContent === ''";
    wait_for(desk.browser(), "silence", quiet).await?;
    // Every second instead of every fifteen.
    let faster = "window.said = [];
         const voice = document.querySelector('#voice');
         new MutationObserver(() => said.push(voice.textContent)).observe(voice, { childList: true });
         document.querySelector('#house').dataset.again = '1';
         document.dispatchEvent(new Event('visibilitychange'));";
    desk.browser().execute(faster, vec![]).await?;
    tokio::task::block_in_place(|| {
        desk.product.change(
            "insert into auth.mails (id, message_id, kind, subject_id, recipient, recipient_name, language, state, next_attempt_at, created_at)
             select gen_random_uuid(), '<lost@ates.example>', 'password_reset', id, email, 'Lost', 'en', 'failed', now(), now()
             from auth.users where username = 'manager'",
        );
    });
    let heard = "said.some((words) => words.includes('Mails about accounts: act, 1'))";
    wait_for(desk.browser(), "what changed", heard).await?;
    desk.browser()
        .execute(
            "window.reads = 0;
             new MutationObserver(() => reads++).observe(document.querySelector('#house'), { childList: true });",
            vec![],
        )
        .await?;
    wait_for(desk.browser(), "three more looks", "reads >= 3").await?;
    let often = desk
        .browser()
        .execute(
            "return said.filter((words) => words.includes('Mails about accounts')).length",
            vec![],
        )
        .await?;
    assert_eq!(often.json().as_i64(), Some(1), "it is said at every look");
    let most = desk
        .browser()
        .execute(
            "return Math.max(...said.map((words) => words.split('. ').length))",
            vec![],
        )
        .await?;
    assert!(
        most.json().as_i64() <= Some(3),
        "everything is said: {}",
        most.json()
    );
    Ok(())
}

path!(
    m18_path_7_a_new_task_goes_wrong_and_then_right,
    Who::Developer,
    "",
    create
);
async fn create(desk: &Desk) -> Outcome {
    desk.open("/tasks/new").await?;
    desk.tab_to("#jira_id").await?;
    desk.keys("no key").await?;
    desk.enter_to_next_page().await?;
    desk.expect_focus(".error-summary").await?;
    desk.tab_to(".error-summary a").await?;
    desk.key(Key::Enter).await?;
    desk.expect_focus("#title").await?;
    desk.keys("Polish the perch").await?;
    desk.tab_to("#jira_id").await?;
    desk.chord(Key::Control, "a").await?;
    desk.keys("POPUG-77").await?;
    desk.enter_to_next_page().await?;
    wait_for_text(desk.browser(), "h1", "Polish the perch").await?;
    desk.expect_focus(".flash[role='status'], h1").await
}

path!(
    m18_path_8_the_account_is_narrowed_by_typing,
    Who::Developer,
    "",
    account
);
async fn account(desk: &Desk) -> Outcome {
    desk.open("/account").await?;
    desk.tab_to("#from").await?;
    desk.keys("01022020").await?;
    desk.tab_to("#to").await?;
    desk.keys("01032020").await?;
    desk.enter_to_next_page().await?;
    let address = desk.browser().current_url().await?;
    assert!(
        address
            .query()
            .unwrap_or_default()
            .contains("from=2020-01-02"),
        "{address}"
    );
    desk.tab_to("a[href*='.csv']").await?;
    desk.open("/account/statements").await?;
    desk.tab_to(".actions a").await?;
    desk.enter_to_next_page().await?;
    desk.browser().find(By::Id("statement")).await?;
    Ok(())
}

path!(
    m18_path_9_three_parked_events_are_retried,
    Who::Administrator,
    "",
    retry
);
async fn retry(desk: &Desk) -> Outcome {
    desk.open("/admin/dead-letters").await?;
    for _ in 0..3 {
        desk.tab_to("#letters input[type='checkbox']").await?;
        desk.keys(" ").await?;
    }
    wait_for(
        desk.browser(),
        "three ticks",
        "document.querySelectorAll('#letters input:checked').length === 3",
    )
    .await?;
    desk.tab_to("button[name='act'][value='retry']").await?;
    desk.enter_to_next_page().await?;
    wait_for_text(desk.browser(), "#consequence", "3").await?;
    desk.tab_to("#decide button").await?;
    desk.enter_to_next_page().await?;
    wait_for_text(desk.browser(), ".flash", "3").await?;
    desk.expect_focus(".flash").await
}

path!(
    m18_path_10_the_palette_leads_to_a_task_and_leaves_the_page_as_it_was,
    Who::Manager,
    "",
    palette
);
async fn palette(desk: &Desk) -> Outcome {
    desk.open("/tasks/all").await?;
    desk.tab_to("#q").await?;
    let rows = "document.querySelectorAll('dialog[open] li').length";
    desk.chord(Key::Control, "k").await?;
    desk.expect_focus("dialog input").await?;
    desk.keys("POPUG-12").await?;
    let found = "[...document.querySelectorAll('dialog[open] li')].filter((row) => row.textContent.includes('POPUG-12')).length >= 3";
    wait_for(desk.browser(), "tasks by a part of their key", found).await?;
    desk.key(Key::Escape).await?;
    wait_for(
        desk.browser(),
        "an empty field",
        "document.querySelector('dialog[open] input')?.value === ''",
    )
    .await?;
    desk.key(Key::Escape).await?;
    wait_for(
        desk.browser(),
        "no palette",
        "document.querySelector('dialog') === null",
    )
    .await?;
    desk.expect_focus("#q").await?;
    wait_for(
        desk.browser(),
        "the page as it was",
        "location.pathname === '/tasks/all'",
    )
    .await?;

    desk.chord(Key::Control, "k").await?;
    desk.expect_focus("dialog input").await?;
    desk.keys("POPUG-12").await?;
    wait_for(desk.browser(), "tasks by a part of their key", found).await?;
    assert!(
        desk.browser()
            .execute(format!("return {rows} > 2"), vec![])
            .await?
            .json()
            == true
    );
    desk.key(Key::Down).await?;
    desk.key(Key::Down).await?;
    let third =
        "document.querySelectorAll('dialog[open] li')[2].getAttribute('aria-selected') === 'true'";
    wait_for(desk.browser(), "the third row", third).await?;
    desk.enter_to_next_page().await?;
    wait_for_text(desk.browser(), "h1", "POPUG-12").await
}

path!(
    m18_path_11_on_a_phone_the_bar_is_at_the_same_place_of_the_order_everywhere,
    Who::Developer,
    "",
    phone
);
async fn phone(desk: &Desk) -> Outcome {
    desk.chromium.resize(360, 780).await?;
    let mut orders = Vec::new();
    for page in ["/tasks", "/tasks/new", "/account", "/profile"] {
        desk.open(page).await?;
        let mut order = Vec::new();
        for _ in 0..20 {
            desk.key(Key::Tab).await?;
            if desk.has_focus("main, main *").await? {
                break;
            }
            let script = "return document.activeElement.getAttribute('href') ?? document.activeElement.localName";
            let answer = desk.browser().execute(script, vec![]).await?;
            order.push(answer.json().as_str().unwrap_or_default().to_owned());
            let in_view = "const box = document.activeElement.getBoundingClientRect(); return box.top >= -1 && box.bottom <= innerHeight + 1";
            let answer = desk.browser().execute(in_view, vec![]).await?;
            assert_eq!(
                answer.json().as_bool(),
                Some(true),
                "{page}: {order:?} is out of sight"
            );
        }
        assert!(
            order.iter().any(|place| place == "/tasks"),
            "{page}: {order:?}"
        );
        orders.push(order);
    }
    assert!(
        orders.windows(2).all(|pair| pair[0] == pair[1]),
        "{orders:#?}"
    );
    drop(focused(desk.browser()).await?);
    Ok(())
}

path!(
    m20_a_password_is_shown_to_who_types_it,
    Who::Nobody,
    "",
    show_password
);
async fn show_password(desk: &Desk) -> Outcome {
    desk.open("/login").await?;
    desk.tab_to("#password").await?;
    desk.keys("polly").await?;
    desk.tab_to("[data-show]").await?;
    for kind in ["text", "password"] {
        desk.keys(" ").await?;
        desk.expect_focus("[data-show]").await?;
        let field = desk.browser().find(By::Css("#password")).await?;
        assert_eq!(field.attr("type").await?.as_deref(), Some(kind));
        assert_eq!(field.prop("value").await?.as_deref(), Some("polly"));
    }
    Ok(())
}

path!(
    the_link_of_a_task_is_copied_and_the_page_says_so,
    Who::Manager,
    "",
    copy_link
);
async fn copy_link(desk: &Desk) -> Outcome {
    desk.open("/tasks/all").await?;
    desk.tab_to("#all tbody th a").await?;
    desk.enter_to_next_page().await?;
    desk.tab_to("[data-copy]").await?;
    desk.key(Key::Enter).await?;
    wait_for_text(desk.browser(), "[data-done]", "Copied.").await
}
