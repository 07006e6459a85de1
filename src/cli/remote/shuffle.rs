//! `ates shuffle`: the press, and the way of the run.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use super::super::CliError;
use super::client::Client;
use super::{PressArgs, print_json, text};

/// How often the run is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Presses a shuffle, and stays with it if that is wanted.
pub(in crate::cli) fn press(server: Url, args: &PressArgs) -> Result<ExitCode, CliError> {
    let client = Client::of(server)?;
    let mut run = client.post("/api/v1/tasks/reassign", &json!({}))?;
    if args.watch {
        run = watch(&client, run, args.form.json)?;
    } else if !args.form.json {
        println!("{}", line(&run));
    }
    if args.form.json {
        return print_json(&run);
    }
    Ok(ExitCode::SUCCESS)
}

/// Stays with a run to its end, and shows how far it is, unless that is told as JSON.
fn watch(client: &Client, mut run: Value, json: bool) -> Result<Value, CliError> {
    let path = format!("/api/v1/tasks/reassign/{}", text(&run["uid"]));
    let mut shown = String::new();
    loop {
        let line = line(&run);
        if line != shown && !json {
            println!("{line}");
        }
        shown = line;
        if run["finished_at"].is_string() {
            return Ok(run);
        }
        std::thread::sleep(LOOK);
        run = client.get(&path)?;
    }
}

fn line(run: &Value) -> String {
    format!(
        "shuffle {} {}: {} of {} tasks, {}",
        text(&run["number"]),
        text(&run["uid"]),
        text(&run["done"]),
        text(&run["total"]),
        text(&run["status"]),
    )
}
