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
    let path = format!("/api/v1/tasks/reassign/{}", text(&run["uid"]));
    let mut shown = String::new();
    while args.watch {
        let line = line(&run);
        if line != shown && !args.form.json {
            println!("{line}");
        }
        shown = line;
        if run["finished_at"].is_string() {
            break;
        }
        std::thread::sleep(LOOK);
        run = client.get(&path)?;
    }
    if args.form.json {
        return print_json(&run);
    }
    if !args.watch {
        println!("{}", line(&run));
    }
    Ok(ExitCode::SUCCESS)
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
