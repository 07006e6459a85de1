//! `ates login` and `ates logout`.

use std::io::{BufRead, IsTerminal, Write};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use serde_json::json;
use url::Url;

use super::super::CliError;
use super::LoginArgs;
use super::client::Client;
use super::keeper::Kept;

/// How long a try is waited for, seconds; what has to wait longer is said.
const LONGEST_WAIT: u64 = 10;

/// Logs in and keeps the tokens.
pub(in crate::cli) fn log_in(server: Url, args: &LoginArgs) -> Result<ExitCode, CliError> {
    let client = Client::of(server)?;
    let kept = if args.token_stdin {
        let token = read_line()?;
        if token.is_empty() {
            return Err(CliError(
                "the first line of standard input has no token".into(),
            ));
        }
        Kept::Token(token)
    } else {
        by_password(&client, args)?
    };
    client.keeper().locked(|| client.keeper().write(&kept))?;
    // The token's owner and rights are the server's to tell; a personal token need not open one's own record.
    let whom = client.send("GET", "/api/v1/me", None)?;
    match (whom.status, whom.body["username"].as_str()) {
        (200, Some(name)) => println!("logged in to {} as {name}", client.server()),
        (403, _) => println!("logged in to {}", client.server()),
        _ => {
            client.keeper().forget()?;
            return Err(whom.problem());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn by_password(client: &Client, args: &LoginArgs) -> Result<Kept, CliError> {
    let username = match &args.username {
        Some(name) => name.clone(),
        None if args.password_stdin => {
            return Err(CliError("--password-stdin needs --username".into()));
        }
        None => ask("username: ", false)?,
    };
    let secret = |question: &str| {
        if args.password_stdin {
            read_line()
        } else {
            ask(question, true)
        }
    };
    let password = secret("password: ")?;
    let mut body = json!({ "username": username, "password": password });
    let mut answer = client.send_bare("/api/v1/auth/token", &body)?;
    if answer.is_problem("second-factor-required") {
        body["totp"] = secret("code of the second factor: ")?.into();
        answer = client.send_bare("/api/v1/auth/token", &body)?;
        // The right password counts as a failed log-in until the code is there, so the next try may have to wait a moment.
        if let (429, Some(seconds @ 0..=LONGEST_WAIT)) = (answer.status, answer.retry_after) {
            std::thread::sleep(Duration::from_secs(seconds));
            answer = client.send_bare("/api/v1/auth/token", &body)?;
        }
    }
    client.pair_of(&answer.good()?)
}

/// Ends the log-in at the server and forgets it here.
pub(in crate::cli) fn log_out(server: Url) -> Result<ExitCode, CliError> {
    let client = Client::of(server)?;
    let keeper = client.keeper();
    keeper.locked(|| {
        match keeper.read()? {
            None => println!("not logged in to {}", client.server()),
            Some(Kept::Token(_)) => {
                keeper.forget()?;
                println!(
                    "the token is forgotten here; it is revoked at {}profile/access",
                    client.server()
                );
            }
            Some(Kept::Pair { refresh_token, .. }) => {
                keeper.forget()?;
                let body = json!({ "refresh_token": refresh_token });
                let told = client.send_bare("/api/v1/auth/logout", &body);
                told.and_then(super::client::Answer::good)
                    .map_err(|error| {
                        CliError(format!(
                            "forgotten here, but the server was not told: {error}"
                        ))
                    })?;
                println!("logged out of {}", client.server());
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Asks somebody at the terminal.
fn ask(question: &str, hidden: bool) -> Result<String, CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError(
            "no terminal to ask at: use --username with --password-stdin, or --token-stdin".into(),
        ));
    }
    eprint!("{question}");
    std::io::stderr().flush()?;
    let silence = hidden.then(Silence::begin);
    let line = read_line();
    if silence.is_some() {
        eprintln!();
    }
    line
}

fn read_line() -> Result<String, CliError> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A terminal that does not show what is typed, until this goes.
struct Silence;

impl Silence {
    fn begin() -> Self {
        echo("-echo");
        Self
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        echo("echo");
    }
}

fn echo(mode: &str) {
    let set = Command::new("stty")
        .arg(mode)
        .stdin(Stdio::inherit())
        .stderr(Stdio::null())
        .status();
    if !set.is_ok_and(|status| status.success()) && mode == "-echo" {
        eprint!("(it is shown as you type) ");
    }
}
