//! Every route of the product with the operation of the access table that it belongs to. A route that is registered and not
//! here fails a test, and so does one that is here and not registered.

use ates::auth::Operation;

/// Who may ask, and for what.
#[derive(Clone, Copy, Debug)]
pub enum Asks {
    /// Everybody, known or not.
    Everybody,
    /// Every person who is logged in.
    EveryPerson,
    /// Whoever the table allows this; where it says `own`, what they get is their own.
    To(Operation),
    /// The same about an object that is somebody else's: `own` is not enough.
    OfOthers(Operation),
}

/// One method of one path, with a body that fits.
pub struct Route {
    pub method: &'static str,
    /// As it is registered; [`super::world::World::path`] fills it.
    pub path: &'static str,
    pub asks: Asks,
    /// Fields of a form, or a JSON text for the API; `{key}` becomes a fresh one-time key, `{name}` a fresh log-in name.
    pub body: &'static str,
}

const fn get(path: &'static str, asks: Asks) -> Route {
    Route {
        method: "GET",
        path,
        asks,
        body: "",
    }
}

const fn send(method: &'static str, path: &'static str, asks: Asks, body: &'static str) -> Route {
    Route {
        method,
        path,
        asks,
        body,
    }
}

use Asks::{EveryPerson, Everybody, OfOthers, To};
use Operation::{
    AllTasks, Analytics, Checks, CompanyEarnings, CompanyTransfers, CompleteTask,
    ConfirmCorrections, CreateTask, EditTask, ManageUsers, MoneyAudit, OneTask, Operate, OwnMoney,
    OwnProfile, OwnSessions, OwnTasks, Payouts, RequestCorrections, RunPayouts, SecurityAudit,
    Shuffle,
};

/// Every route, in the order in which the sweep asks: what ends sessions comes last.
pub const ROUTES: &[Route] = &[
    get("/health/live", Everybody),
    get("/health/ready", Everybody),
    get("/admin", To(Checks)),
    get("/.well-known/jwks.json", Everybody),
    get("/.well-known/oauth-authorization-server", Everybody),
    get("/static/{hash}/{name}", Everybody),
    get("/avatars/{uid}.svg", Everybody),
    get("/login", Everybody),
    get("/login/provider", Everybody),
    get("/login/provider/callback", Everybody),
    send(
        "POST",
        "/login",
        Everybody,
        "username=nobody&password=a wrong password",
    ),
    send("POST", "/preferences", Everybody, "theme=dark&back=/"),
    send(
        "POST",
        "/api/v1/auth/token",
        Everybody,
        r#"{"username":"nobody","password":"a wrong password"}"#,
    ),
    send(
        "POST",
        "/api/v1/auth/refresh",
        Everybody,
        r#"{"refresh_token":"no token of ours"}"#,
    ),
    send(
        "POST",
        "/api/v1/auth/logout",
        Everybody,
        r#"{"refresh_token":"no token of ours"}"#,
    ),
    get("/", EveryPerson),
    get("/profile", To(OwnProfile)),
    send("POST", "/profile/language", To(OwnProfile), "language=en"),
    get("/api/v1/me", To(OwnProfile)),
    send(
        "PATCH",
        "/api/v1/me",
        To(OwnProfile),
        r#"{"meta":{"perch":"top"}}"#,
    ),
    get("/profile/access", To(OwnSessions)),
    send(
        "POST",
        "/profile/tokens",
        To(OwnSessions),
        "key={key}&token_name=script&days=30&scopes=profile",
    ),
    send(
        "POST",
        "/profile/tokens/{id}/revocation",
        OfOthers(OwnSessions),
        "",
    ),
    send(
        "POST",
        "/profile/sessions/{id}/end",
        OfOthers(OwnSessions),
        "",
    ),
    // Tasks.
    get("/tasks", To(OwnTasks)),
    get("/tasks/new", To(CreateTask)),
    send("POST", "/tasks", To(CreateTask), "title=A nest&key={key}"),
    get("/tasks/all", To(AllTasks)),
    get("/tasks/all.csv", To(AllTasks)),
    get("/tasks/{uid}", OfOthers(OneTask)),
    get("/tasks/{uid}/edit", OfOthers(EditTask)),
    send(
        "POST",
        "/tasks/{uid}",
        OfOthers(EditTask),
        "title=A bigger nest",
    ),
    send(
        "POST",
        "/tasks/{uid}/completion",
        OfOthers(CompleteTask),
        "key={key}",
    ),
    get("/shuffles", To(Shuffle)),
    get("/shuffles/new", To(Shuffle)),
    send("POST", "/shuffles", To(Shuffle), "key={key}"),
    get("/shuffles/{uid}", To(Shuffle)),
    get("/shuffles/{uid}/progress", To(Shuffle)),
    get("/shuffles/{uid}/draw.csv", To(Shuffle)),
    get("/shuffles/{uid}/people.csv", To(Shuffle)),
    get("/api/v1/tasks/mine", To(OwnTasks)),
    send(
        "POST",
        "/api/v1/tasks",
        To(CreateTask),
        r#"{"title":"A perch"}"#,
    ),
    get("/api/v1/tasks", To(AllTasks)),
    get("/api/v1/tasks/{uid}", OfOthers(OneTask)),
    get("/api/v1/tasks/{uid}/journal", OfOthers(OneTask)),
    send(
        "PATCH",
        "/api/v1/tasks/{uid}",
        OfOthers(EditTask),
        r#"{"title":"A third nest"}"#,
    ),
    send(
        "POST",
        "/api/v1/tasks/{uid}/complete",
        OfOthers(CompleteTask),
        "{}",
    ),
    send("POST", "/api/v1/tasks/reassign", To(Shuffle), "{}"),
    get("/api/v1/tasks/reassign/{uid}", To(Shuffle)),
    // Money.
    get("/account", To(OwnMoney)),
    get("/account.csv", To(OwnMoney)),
    get("/account/statement", To(OwnMoney)),
    get("/account/statement.csv", To(OwnMoney)),
    get("/account/statements", To(OwnMoney)),
    get("/account/statements.csv", To(OwnMoney)),
    get("/account/statements/{date}", To(OwnMoney)),
    get("/account/statements/{date}.csv", To(OwnMoney)),
    get("/account.xlsx", To(OwnMoney)),
    get("/accounting", To(CompanyEarnings)),
    get("/accounting.csv", To(CompanyEarnings)),
    get("/accounting.xlsx", To(CompanyEarnings)),
    get("/accounting.journal", To(CompanyTransfers)),
    get("/accounting.beancount", To(CompanyTransfers)),
    get("/accounting/balances", To(CompanyTransfers)),
    get("/accounting/balances.csv", To(CompanyTransfers)),
    get("/accounting/recount", To(CompanyEarnings)),
    get("/accounting/days/{date}", To(CompanyTransfers)),
    get("/accounting/days/{date}.csv", To(CompanyTransfers)),
    get("/accounting/days/{date}/statement", To(CompanyTransfers)),
    get(
        "/accounting/days/{date}/statement.csv",
        To(CompanyTransfers),
    ),
    get("/accounting/days/{date}.xlsx", To(CompanyTransfers)),
    get("/accounting/payouts", To(Payouts)),
    get("/accounting/payouts/{date}", To(Payouts)),
    get("/accounting/payouts/{date}.csv", To(Payouts)),
    get("/accounting/payouts/{date}.xlsx", To(Payouts)),
    get("/account/bank-account", To(OwnMoney)),
    send(
        "POST",
        "/account/bank-account",
        To(OwnMoney),
        "iban=DE89370400440532013000&bic=",
    ),
    send(
        "POST",
        "/accounting/payouts/{date}/bank-file",
        To(Payouts),
        "",
    ),
    get("/accounting/payouts/{date}.xml", To(Payouts)),
    send(
        "POST",
        "/accounting/payouts",
        To(RunPayouts),
        "business_date=2026-03-02",
    ),
    get("/accounting/corrections", To(RequestCorrections)),
    send(
        "POST",
        "/accounting/corrections",
        To(RequestCorrections),
        "employee=worker&amount=-1.50&reason=A seed too much was counted&key={key}",
    ),
    get("/accounting/corrections/new", To(RequestCorrections)),
    get("/accounting/corrections/missing", To(RequestCorrections)),
    send(
        "POST",
        "/accounting/corrections/missing",
        To(RequestCorrections),
        "task=00000000-0000-0000-0000-000000000001&reason=It was never booked&key={key}",
    ),
    get("/accounting/corrections/{id}", To(RequestCorrections)),
    send(
        "POST",
        "/accounting/corrections/{id}/confirmation",
        To(ConfirmCorrections),
        "",
    ),
    send(
        "POST",
        "/accounting/corrections/{id}/rejection",
        To(ConfirmCorrections),
        "",
    ),
    send(
        "POST",
        "/accounting/corrections/{id}/withdrawal",
        To(RequestCorrections),
        "",
    ),
    get("/admin/mails", To(Payouts)),
    get("/admin/mails/{id}", To(Payouts)),
    get("/admin/mails/{id}/preview", To(Payouts)),
    send("POST", "/admin/mails/{id}/attempts", To(RunPayouts), ""),
    get("/api/v1/accounting/balance", To(OwnMoney)),
    get("/api/v1/accounting/transfers", To(OwnMoney)),
    get("/api/v1/accounting/company/transfers", To(CompanyTransfers)),
    get("/api/v1/accounting/company/earnings", To(CompanyEarnings)),
    get("/api/v1/accounting/payouts", To(Payouts)),
    get("/api/v1/accounting/payouts/{date}", To(Payouts)),
    send(
        "POST",
        "/api/v1/accounting/payouts",
        To(RunPayouts),
        r#"{"business_date":"2026-03-02"}"#,
    ),
    // Analytics.
    get("/analytics", To(Analytics)),
    get("/api/v1/analytics/today-income", To(Analytics)),
    get("/api/v1/analytics/negative-balances", To(Analytics)),
    get("/api/v1/analytics/most-expensive-task", To(Analytics)),
    // Operations.
    get("/admin/modules", To(Operate)),
    get("/admin/modules/{name}", To(Operate)),
    send(
        "POST",
        "/admin/modules/{name}/pause",
        To(Operate),
        "reason=to see whether it can be",
    ),
    send("POST", "/admin/modules/{name}/resume", To(Operate), ""),
    send(
        "POST",
        "/api/v1/ops/dead-letters/{item}/retry",
        To(Operate),
        "{}",
    ),
    get("/admin/dead-letters", To(Operate)),
    get("/admin/dead-letters.csv", To(Operate)),
    get("/admin/dead-letters/choice", To(Operate)),
    send(
        "POST",
        "/admin/dead-letters/retry",
        To(Operate),
        "state=dead",
    ),
    send(
        "POST",
        "/admin/dead-letters/skip",
        To(Operate),
        "state=dead&consumer={name}&reason=nobody needs it any more",
    ),
    get("/admin/dead-letters/{name}/{item}", To(Operate)),
    get("/api/v1/ops/consumers", To(Operate)),
    send(
        "POST",
        "/api/v1/ops/consumers/{name}/pause",
        To(Operate),
        r#"{"reason":"to see whether it can be"}"#,
    ),
    send(
        "POST",
        "/api/v1/ops/consumers/{name}/resume",
        To(Operate),
        "{}",
    ),
    get("/api/v1/ops/dead-letters", To(Operate)),
    get("/admin/runs", To(Operate)),
    get("/admin/events", To(Operate)),
    get("/admin/events.csv", To(Operate)),
    get("/admin/events/{uid}", To(Operate)),
    get("/admin/emergency-stop", To(Checks)),
    // Asked for too short a reason, so that the sweep itself stops nothing.
    send(
        "POST",
        "/admin/emergency-stop",
        To(Operate),
        "reason=Sweep&password=a wrong password",
    ),
    send(
        "POST",
        "/admin/emergency-stop/release",
        To(Operate),
        "reason=Sweep&password=a wrong password",
    ),
    send(
        "POST",
        "/api/v1/ops/stop",
        To(Operate),
        r#"{"reason":"Sweep","password":"a wrong password"}"#,
    ),
    send(
        "POST",
        "/api/v1/ops/release",
        To(Operate),
        r#"{"reason":"Sweep","password":"a wrong password"}"#,
    ),
    get("/admin/checks", To(Checks)),
    get("/admin/scenarios", To(Checks)),
    get("/admin/audit", To(MoneyAudit)),
    get("/admin/audit.csv", To(MoneyAudit)),
    get("/admin/abuse", To(SecurityAudit)),
    get("/admin/abuse/creators.csv", To(SecurityAudit)),
    get("/admin/abuse/pairs.csv", To(SecurityAudit)),
    get("/admin/abuse/pressers.csv", To(SecurityAudit)),
    get("/admin/abuse/effects.csv", To(SecurityAudit)),
    // Users.
    get("/admin/roles", To(ManageUsers)),
    get("/admin/users", To(ManageUsers)),
    get("/admin/users/new", To(ManageUsers)),
    send(
        "POST",
        "/admin/users",
        To(ManageUsers),
        "key={key}&username={name}&email={name}@uberpopug.example&name=New&surname=Bird&password=a feather in the wind&roles=other",
    ),
    get("/admin/users/{uid}", To(ManageUsers)),
    send(
        "POST",
        "/admin/users/{uid}",
        To(ManageUsers),
        "email=target@uberpopug.example&name=Target&surname=Bird&roles=other",
    ),
    get("/api/v1/users", To(ManageUsers)),
    send(
        "POST",
        "/api/v1/users",
        To(ManageUsers),
        r#"{"username":"{name}","email":"{name}@uberpopug.example","name":"New","surname":"Bird","password":"a feather in the wind","roles":["other"]}"#,
    ),
    get("/api/v1/users/{uid}", To(ManageUsers)),
    send(
        "PATCH",
        "/api/v1/users/{uid}",
        To(ManageUsers),
        r#"{"name":"Another"}"#,
    ),
    send(
        "POST",
        "/admin/users/{uid}/tokens",
        To(ManageUsers),
        "key={key}&token_name=cron&days=30&scopes=payouts",
    ),
    send(
        "POST",
        "/admin/users/{uid}/tokens/{id}/revocation",
        To(ManageUsers),
        "",
    ),
    send(
        "POST",
        "/admin/users/{uid}/sessions/end",
        To(ManageUsers),
        "",
    ),
    send(
        "POST",
        "/admin/users/{uid}/deactivation",
        To(ManageUsers),
        "",
    ),
    send("DELETE", "/api/v1/users/{uid}", To(ManageUsers), ""),
    // What ends one's own sessions.
    send("POST", "/profile/sessions/end-others", To(OwnSessions), ""),
    send(
        "POST",
        "/profile/password",
        To(OwnProfile),
        "old_password=not the right one&new_password=another feather in the wind",
    ),
    send("POST", "/logout", To(OwnSessions), ""),
];
