//! The tokens of a terminal: kept for their owner alone, renewed by one command at a time, ended by a log-out.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::{Terminal, ends_well, is_good};
use crate::api_page::token_of;
use crate::support::TestApp;
use crate::support::database::count;

fn kept(terminal: &Terminal) -> Value {
    serde_json::from_str(&std::fs::read_to_string(terminal.file()).unwrap()).unwrap()
}

/// Lets the access token end, as far as the terminal knows.
fn expire(terminal: &Terminal) {
    let mut content = kept(terminal);
    content["pair"]["expires_at"] = 1.into();
    std::fs::write(terminal.file(), content.to_string()).unwrap();
}

#[test]
fn a64_the_tokens_are_in_a_file_that_only_its_owner_can_read_and_in_no_list_of_processes() {
    let app = TestApp::with(|settings| settings.workers(false));
    let kesha = app.register("kesha", &["developer"]);
    let terminal = Terminal::new(&app);
    terminal.log_in(&kesha);
    let file = terminal.file();
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(terminal.refusal(&["balance"], "").contains("chmod 600"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();

    let token = kept(&terminal)["pair"]["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(is_good(&app, &token));
    let told = terminal.say(&["logout"]);
    assert!(told.contains("logged out") && !file.exists());
    assert!(!is_good(&app, &token), "the server knows");
    assert!(terminal.refusal(&["balance"], "").contains("not logged in"));
}

#[test]
fn a37_many_commands_at_once_renew_the_tokens_once_and_the_log_in_lives() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let terminal = Terminal::new(&app);
    terminal.log_in(&kesha);
    for _ in 0..3 {
        expire(&terminal);
        let commands: Vec<_> = (0..8).map(|_| terminal.spawn(&["balance"], "")).collect();
        commands.into_iter().for_each(ends_well);
    }
    let mut conn = app.conn();
    assert_eq!(
        count(
            &mut conn,
            "platform.audit_log where action = 'auth.refresh_token_replayed'"
        ),
        0
    );
    assert!(terminal.say(&["balance"]).contains("BALANCE"));
}

#[test]
fn a35_a_token_that_the_server_does_not_know_any_more_is_renewed_and_an_ended_log_in_is_forgotten()
{
    let app =
        TestApp::with(|settings| settings.workers(false).set("ATES_ACCESS_TOKEN_SECONDS", 60));
    let people = app.register_all(&[("kesha", &["developer"]), ("root", &["administrator"])]);
    let terminal = Terminal::new(&app);
    terminal.log_in(&people[0]);
    let before = kept(&terminal);
    // The server's clock goes ahead of the terminal's: the token has ended there.
    app.clock().advance(chrono::Duration::seconds(120));
    assert!(terminal.say(&["balance"]).contains("BALANCE"));
    assert_ne!(kept(&terminal), before, "renewed");

    let gone = format!("/api/v1/users/{}", people[0].id);
    assert_eq!(app.api(&people[1]).delete(&gone).0, 204);
    let file = terminal.file();
    assert!(
        terminal
            .refusal(&["balance"], "")
            .contains("the log-in has ended")
    );
    assert!(!file.exists());
}

#[test]
fn a_personal_token_is_taken_from_standard_input_and_says_when_it_is_no_good() {
    let app = TestApp::with(|settings| settings.workers(false));
    let kesha = app.register("kesha", &["developer"]);
    let token = token_of(&mut app.log_in(&kesha), "/profile/tokens", &["account"]);
    let terminal = Terminal::new(&app);
    let output = terminal.run(&["login", "--token-stdin"], &format!("{token}\n"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(terminal.say(&["balance"]).contains("BALANCE"));
    assert!(
        terminal
            .refusal(&["task", "list"], "")
            .contains("Not allowed")
    );
    app.clock().advance(chrono::Duration::days(31));
    assert!(
        terminal
            .refusal(&["balance"], "")
            .contains("not valid any more")
    );
    assert!(terminal.say(&["logout"]).contains("/profile/access"));
    let refused = terminal.refusal(&["login", "--token-stdin"], "ates_nonsense\n");
    assert!(refused.contains("not valid"), "{refused}");
}
