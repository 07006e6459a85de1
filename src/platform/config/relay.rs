//! The settings of the relay: which NATS server, which stream, which subjects.

use percent_encoding::percent_decode_str;
use url::Url;

/// Where the relay publishes the event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayTarget {
    /// Addresses of the servers, without credentials.
    pub servers: Vec<String>,
    /// How the program names itself there.
    pub login: NatsLogin,
    /// The stream of JetStream.
    pub stream: String,
    /// What the subjects begin with: `<prefix>.<type>`.
    pub prefix: String,
}

/// Credentials for NATS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NatsLogin {
    /// The server asks for none.
    Anonymous,
    /// The user part of the address alone.
    Token(String),
    /// User and password of the address.
    Password { user: String, password: String },
}

/// The servers of a list such as `nats://user:password@a:4222,nats://b:4222` and the credentials of its first address.
pub(super) fn parse_servers(list: &str) -> Result<(Vec<String>, NatsLogin), String> {
    let mut login = NatsLogin::Anonymous;
    let mut servers = Vec::new();
    for (address, place) in list.split(',').zip(0..) {
        // The reason never quotes the address: it may hold a password.
        let mut url = Url::parse(address.trim())
            .map_err(|error| format!("address {}: {error}", place + 1))?;
        if !matches!(url.scheme(), "nats" | "tls") || url.host_str().is_none_or(str::is_empty) {
            return Err("expected nats://host:port or tls://host:port".into());
        }
        if place == 0 {
            login = login_of(&url);
        }
        if url.set_username("").is_err() || url.set_password(None).is_err() {
            return Err("its credentials cannot be understood".into());
        }
        servers.push(url.to_string());
    }
    Ok((servers, login))
}

fn login_of(url: &Url) -> NatsLogin {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    match (decoded(url.username()), url.password()) {
        (user, Some(password)) => NatsLogin::Password {
            user,
            password: decoded(password),
        },
        (token, None) if !token.is_empty() => NatsLogin::Token(token),
        _ => NatsLogin::Anonymous,
    }
}

/// The list of addresses with whatever it has of credentials replaced.
pub(super) fn without_credentials(list: &str) -> String {
    let hidden = |address: &str| {
        let mut url = Url::parse(address.trim()).ok().filter(Url::has_host)?;
        if !url.username().is_empty() || url.password().is_some() {
            url.set_username("***").ok()?;
            url.set_password(None).ok()?;
        }
        Some(url.to_string())
    };
    let shown: Option<Vec<String>> = list.split(',').map(hidden).collect();
    shown.map_or_else(|| "***".into(), |shown| shown.join(","))
}

/// Whether a word may name a stream: no dots, as they part subjects.
pub(super) fn is_stream_name(word: &str) -> bool {
    !word.is_empty()
        && word.len() <= 64
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_taken_from_the_first_address_and_kept_out_of_the_others() {
        let (servers, login) =
            parse_servers("nats://ates:p%40ss@a.example:4222, tls://b.example").unwrap();
        assert_eq!(servers, ["nats://a.example:4222", "tls://b.example"]);
        let (user, password) = ("ates".into(), "p@ss".into());
        assert_eq!(login, NatsLogin::Password { user, password });
        let (_, login) = parse_servers("nats://t0ken@a.example").unwrap();
        assert_eq!(login, NatsLogin::Token("t0ken".into()));
        let (_, login) = parse_servers("nats://a.example").unwrap();
        assert_eq!(login, NatsLogin::Anonymous);
    }

    #[test]
    fn what_is_no_nats_address_is_refused_without_quoting_it() {
        for list in [
            "here",
            "http://u:s3cret@a.example",
            "nats://",
            "nats://u:s3cret@a.example:x",
            "nats://a,",
        ] {
            let reason = parse_servers(list).unwrap_err();
            assert!(!reason.contains("s3cret"), "{reason}");
        }
    }

    #[test]
    fn shown_addresses_have_no_credentials() {
        assert_eq!(
            without_credentials("nats://u:s3cret@a:4222,nats://t0ken@b,nats://c"),
            "nats://***@a:4222,nats://***@b,nats://c"
        );
        assert_eq!(without_credentials("u:s3cret@a b"), "***");
    }
}
