//! `ates task create`, `list` and `complete`.

use std::process::ExitCode;

use serde_json::{Value, json};
use url::Url;

use super::super::CliError;
use super::client::Client;
use super::{TaskCommand, money, print_json, table, text};

/// Tasks that the server gives at once.
const PIECE: u32 = 100;

/// Does something with tasks.
pub(in crate::cli) fn task(server: Url, command: TaskCommand) -> Result<ExitCode, CliError> {
    let client = Client::of(server)?;
    let (task, form) = match command {
        TaskCommand::Create {
            title,
            jira_id,
            description,
            form,
        } => {
            let body = json!({ "title": title, "jira_id": jira_id, "description": description });
            (client.post("/api/v1/tasks", &body)?, form)
        }
        TaskCommand::Complete { uid, form } => {
            let path = format!("/api/v1/tasks/{uid}/complete");
            (client.post(&path, &json!({}))?, form)
        }
        TaskCommand::List {
            all,
            status,
            limit,
            form,
        } => {
            let tasks = list(&client, all, status.as_deref(), limit)?;
            if form.json {
                return print_json(&Value::Array(tasks));
            }
            print(&tasks);
            return Ok(ExitCode::SUCCESS);
        }
    };
    if form.json {
        return print_json(&task);
    }
    print(&[task]);
    Ok(ExitCode::SUCCESS)
}

fn list(
    client: &Client,
    all: bool,
    status: Option<&str>,
    limit: u32,
) -> Result<Vec<Value>, CliError> {
    let path = if all {
        "/api/v1/tasks"
    } else {
        "/api/v1/tasks/mine"
    };
    let (mut tasks, mut cursor) = (Vec::new(), None::<String>);
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    loop {
        let wanted = limit - u32::try_from(tasks.len()).unwrap_or(limit);
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("limit", &wanted.min(PIECE).to_string());
        if let Some(status) = status {
            query.append_pair("status", status);
        }
        if let Some(cursor) = &cursor {
            query.append_pair("cursor", cursor);
        }
        let answer = client.get(&format!("{path}?{}", query.finish()))?;
        tasks.extend(answer["items"].as_array().cloned().unwrap_or_default());
        cursor = answer["next_cursor"].as_str().map(ToOwned::to_owned);
        if cursor.is_none() || tasks.len() >= most {
            tasks.truncate(most);
            return Ok(tasks);
        }
    }
}

fn print(tasks: &[Value]) {
    let rows = tasks.iter().map(|task| {
        let title = match task["jira_id"].as_str() {
            Some(jira_id) => format!("[{jira_id}] {}", text(&task["title"])),
            None => text(&task["title"]),
        };
        vec![
            text(&task["uid"]),
            text(&task["status"]),
            money(&task["fee_minor"]),
            money(&task["reward_minor"]),
            text(&task["assignee"]["name"]),
            title,
        ]
    });
    table::print(
        &["uid", "status", "fee", "reward", "assignee", "title"],
        rows.collect(),
    );
}
