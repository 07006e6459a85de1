//! The company's own OpenID Connect provider, at which people may log in.

use url::{Host, Url};

use super::ConfigError;
use super::reader::Reader;

/// Where people of the company log in, and what is done with whoever comes from there.
#[derive(Clone)]
pub struct ProviderTarget {
    /// The issuer, as its metadata names it.
    pub issuer: Url,
    /// The name under which this installation is known there.
    pub client_id: String,
    /// Its secret; none for a client that has none, which PKCE alone protects.
    pub client_secret: Option<String>,
    /// What is asked for, beside `openid`.
    pub scopes: Vec<String>,
    /// What stands on the button; nothing said: words of the page's language.
    pub label: Option<String>,
    /// Whether an account is found by its verified address when somebody comes for the first time.
    pub link_by_email: bool,
    /// The role of those who are made on their first log-in; none: nobody is made.
    pub default_role: Option<String>,
}

impl std::fmt::Debug for ProviderTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderTarget")
            .field("issuer", &self.issuer.as_str())
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Roles that see nothing but their own: only these are given unasked.
const PLAIN_ROLES: [&str; 3] = ["other", "developer", "boss"];

const ISSUER: &str = "ATES_OIDC_ISSUER";
const CLIENT_ID: &str = "ATES_OIDC_CLIENT_ID";
const ROLE: &str = "ATES_OIDC_CREATE_ROLE";

impl Reader<'_> {
    /// The company's provider; none when no issuer is set.
    pub(super) fn provider(&self) -> Result<Option<ProviderTarget>, ConfigError> {
        let link_by_email = self.flag("ATES_OIDC_LINK_BY_EMAIL")?;
        let default_role = self.optional(ROLE);
        if let Some(role) = &default_role
            && !PLAIN_ROLES.contains(&role.as_str())
        {
            return Err(self.invalid(
                ROLE,
                format!("{role:?} is none of {}", PLAIN_ROLES.join(", ")),
            ));
        }
        if self.optional(ISSUER).is_none() {
            return Ok(None);
        }
        let issuer: Url = self.parsed(ISSUER)?;
        if !is_safe(&issuer) || issuer.query().is_some() || issuer.fragment().is_some() {
            return Err(self.invalid(
                ISSUER,
                "expected an https address without a query (http only on this machine)",
            ));
        }
        let client_id = self
            .optional(CLIENT_ID)
            .ok_or_else(|| self.invalid(CLIENT_ID, format!("missing beside {ISSUER}")))?;
        Ok(Some(ProviderTarget {
            issuer,
            client_id,
            client_secret: self.optional("ATES_OIDC_CLIENT_SECRET"),
            scopes: self.values["ATES_OIDC_SCOPES"]
                .split_whitespace()
                .filter(|scope| *scope != "openid")
                .map(ToOwned::to_owned)
                .collect(),
            label: self.optional("ATES_OIDC_LABEL"),
            link_by_email,
            default_role,
        }))
    }
}

/// Whether what is sent there cannot be read or changed on the way: over TLS, or on this very machine.
pub fn is_safe(address: &Url) -> bool {
    let is_here = match address.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    address.scheme() == "https" || (address.scheme() == "http" && is_here)
}
