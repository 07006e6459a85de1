//! The targets of webhooks: the one list of addresses that events are sent to.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use url::Url;

use super::reader::Reader;
use super::{ConfigError, is_safe};

const KEY: &str = "ATES_WEBHOOKS";

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// Every type of event; `events`, which owns them, is held against this list.
pub const EVENT_TYPES: [&str; 15] = [
    "account.created",
    "account.updated",
    "account.deleted",
    "account.logged_in",
    "task.created",
    "task.updated",
    "task.assigned",
    "task.completed",
    "task.estimated",
    "tasks.reassigned",
    "audit_log_record.created",
    "payment_log_record.created",
    "business_day.closed",
    "email.sent",
    "email.failed",
];

/// Somebody outside who is sent events.
#[derive(Clone)]
pub struct WebhookTarget {
    /// The name of its cursor, `webhook.NAME`; lives as long as the program.
    pub consumer: &'static str,
    /// Where events are sent.
    pub address: Url,
    /// What they are signed with; the first is the newest.
    pub secrets: Vec<Vec<u8>>,
    /// The types that are sent; live as long as the program.
    pub types: &'static [&'static str],
}

impl fmt::Debug for WebhookTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookTarget")
            .field("consumer", &self.consumer)
            .field("types", &self.types)
            .finish_non_exhaustive()
    }
}

impl Reader<'_> {
    /// The targets; none when none is set. They are read once a program, so that their names may stay.
    pub(super) fn webhooks(&self) -> Result<Vec<WebhookTarget>, ConfigError> {
        let mut targets: Vec<WebhookTarget> = Vec::new();
        for (words, place) in entries(&self.values[KEY]).zip(1..) {
            let target = parse(&words)
                .map_err(|reason| self.invalid(KEY, format!("target {place}: {reason}")))?;
            if targets
                .iter()
                .any(|other| other.consumer == target.consumer)
            {
                return Err(self.invalid(KEY, format!("target {place}: the name is taken")));
            }
            targets.push(target);
        }
        Ok(targets)
    }
}

/// The words of each target; targets are parted by semicolons.
fn entries(list: &str) -> impl Iterator<Item = Vec<&str>> {
    list.split(';')
        .map(|entry| entry.split_whitespace().collect::<Vec<_>>())
        .filter(|words| !words.is_empty())
}

/// A target of its words; what is wrong never quotes an address or a secret.
fn parse(words: &[&str]) -> Result<WebhookTarget, String> {
    let (name, address, secrets, types) = match words {
        [name, address, secrets] => (*name, *address, *secrets, None),
        [name, address, secrets, types] => (*name, *address, *secrets, Some(*types)),
        _ => return Err("expected NAME ADDRESS SECRET and, if not all, TYPES".into()),
    };
    let fits =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if name.is_empty() || name.len() > 40 || !name.chars().all(fits) {
        return Err("the name has up to 40 letters a to z, digits and _".into());
    }
    let address: Url = address
        .parse()
        .map_err(|error| format!("the address does not fit: {error}"))?;
    let bare = address.username().is_empty() && address.password().is_none();
    if !is_safe(&address) || !bare || address.fragment().is_some() {
        return Err(
            "the address is https (http only on this machine), without a name or a fragment".into(),
        );
    }
    let secrets = secrets.split(',').map(secret).collect::<Result<_, _>>()?;
    let types = match types {
        None => EVENT_TYPES.to_vec(),
        Some(types) => types.split(',').map(event_type).collect::<Result<_, _>>()?,
    };
    Ok(WebhookTarget {
        consumer: format!("webhook.{name}").leak(),
        address,
        secrets,
        types: types.leak(),
    })
}

fn secret(text: &str) -> Result<Vec<u8>, String> {
    text.strip_prefix(PREFIX)
        .and_then(|rest| BASE64_STANDARD.decode(rest).ok())
        .filter(|bytes| (24..=64).contains(&bytes.len()))
        .ok_or_else(|| format!("a secret is {PREFIX} and 24 to 64 bytes in base64"))
}

fn event_type(name: &str) -> Result<&'static str, String> {
    let known = EVENT_TYPES.into_iter().find(|known| *known == name);
    known.ok_or_else(|| format!("there is no type of event {name:?}"))
}

/// The list with secrets and what follows the path of an address replaced.
pub(super) fn without_secrets(list: &str) -> String {
    let shown = entries(list).map(|words| {
        let words = words.iter().enumerate().map(|(place, word)| match place {
            1 => word.split('?').next().unwrap_or_default().to_owned(),
            2 => "***".to_owned(),
            _ => (*word).to_owned(),
        });
        words.collect::<Vec<_>>().join(" ")
    });
    shown.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn words(text: &str) -> Vec<&str> {
        text.split_whitespace().collect()
    }

    #[test]
    fn a_target_is_a_name_an_address_a_secret_and_types() {
        let text = format!(
            "crm https://crm.example/hook?k=1 {SECRET},{SECRET} task.created,task.completed"
        );
        let target = parse(&words(&text)).unwrap();
        assert_eq!(
            (target.consumer, target.types),
            ("webhook.crm", &["task.created", "task.completed"][..])
        );
        assert_eq!((target.secrets.len(), target.secrets[0].len()), (2, 24));
        let all = parse(&words(&format!("bi http://127.0.0.1:9/x {SECRET}"))).unwrap();
        assert_eq!(all.types, EVENT_TYPES);
        assert!(
            !format!("{target:?}").contains("crm.example"),
            "what is logged names no address"
        );
    }

    #[test]
    fn what_is_no_target_is_refused_without_quoting_it() {
        for text in [
            "crm".to_owned(),
            format!("Crm https://crm.example {SECRET}"),
            format!("crm http://crm.example {SECRET}"),
            format!("crm https://s3cret@crm.example {SECRET}"),
            "crm https://crm.example s3cret".to_owned(),
            "crm https://crm.example whsec_c2hvcnQ=".to_owned(),
            format!("crm https://crm.example {SECRET} task.eaten"),
            format!("crm https://crm.example {SECRET} task.created more"),
        ] {
            let reason = parse(&words(&text)).map(drop).unwrap_err();
            assert!(
                !reason.contains("s3cret") && !reason.contains("MfKQ"),
                "{reason}"
            );
        }
    }

    #[test]
    fn shown_targets_have_no_secrets() {
        let list = format!(
            "crm https://crm.example/hook?k=s3cret {SECRET} task.created;bi http://[::1]:9 {SECRET}"
        );
        assert_eq!(
            without_secrets(&list),
            "crm https://crm.example/hook *** task.created; bi http://[::1]:9 ***"
        );
    }
}
