//! The company's own OpenID Connect provider, at which people may log in: authorization code with PKCE.
//!
//! What is fetched follows from the setting alone: the issuer's metadata, and the addresses that it names. Nothing that a visitor
//! sends is ever an address (A56). Everything here blocks and runs in a thread for that.

mod check;
mod client;
mod http;

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use openidconnect::core::CoreAuthenticationFlow;
use openidconnect::{
    ClaimsVerificationError, CsrfToken, Nonce, PkceCodeChallenge, PkceCodeVerifier, Scope,
    SignatureVerificationError,
};
use url::Url;

use self::check::{checked, identity_of};
use self::client::{Inner, KEPT_FOR};
use crate::platform::config::{Config, ProviderTarget};

/// Where the provider sends people back to.
pub(super) const CALLBACK: &str = "/login/provider/callback";

/// Why somebody does not come in by this way.
#[derive(Debug)]
pub(super) enum ProviderError {
    /// The provider cannot be asked.
    Away(String),
    /// What it says, or what was brought from it, does not hold.
    Refused(String),
}

/// What a log-in is bound to on its way to the provider and back.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    /// Comes back inside the ID token.
    pub nonce: String,
    /// Shown to the provider when the code is exchanged.
    pub verifier: String,
    /// Where to go on to.
    pub next: Option<String>,
}

/// Who somebody is, as the provider says and has signed.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub issuer: String,
    pub subject: String,
    /// The address, if the provider has verified it.
    pub verified_email: Option<String>,
    pub username: Option<String>,
    pub name: Option<String>,
    pub surname: Option<String>,
}

/// The provider, or that there is none; one for the whole process, cheap to clone.
#[derive(Clone, Debug)]
pub struct CompanyProvider(Option<Arc<Inner>>);

impl CompanyProvider {
    /// The provider of the settings.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let callback = config.base_url.origin().ascii_serialization() + CALLBACK;
        Self(
            config
                .provider
                .clone()
                .map(|target| Arc::new(Inner::new(target, callback))),
        )
    }

    /// Its settings, if there is one.
    pub(super) fn target(&self) -> Option<&ProviderTarget> {
        self.0.as_ref().map(|inner| &inner.target)
    }

    /// Where a browser is sent to log in.
    pub(super) fn address(
        &self,
        state: &str,
        visit: &Visit,
        now: DateTime<Utc>,
    ) -> Result<Url, ProviderError> {
        let inner = self.inner()?;
        let client = inner.client(&inner.metadata(now, KEPT_FOR)?)?;
        let (state, nonce) = (state.to_owned(), visit.nonce.clone());
        let verifier = PkceCodeVerifier::new(visit.verifier.clone());
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || CsrfToken::new(state),
                || Nonce::new(nonce),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        for scope in &inner.target.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        Ok(request.url().0)
    }

    /// Exchanges a code for the identity behind it, and checks the ID token: signature, issuer, audience, time, nonce, and the
    /// access token's hash where there is one.
    pub(super) fn identity(
        &self,
        code: String,
        visit: &Visit,
        now: DateTime<Utc>,
    ) -> Result<Identity, ProviderError> {
        let inner = self.inner()?;
        let mut client = inner.client(&inner.metadata(now, KEPT_FOR)?)?;
        let answer = inner.exchange(&client, code, visit)?;
        let nonce = Nonce::new(visit.nonce.clone());
        let claims = match checked(&client, &answer, &nonce, now) {
            // The provider may have begun to sign with a key that is newer than what is known of it.
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                client = inner.client(&inner.metadata(now, Duration::zero())?)?;
                checked(&client, &answer, &nonce, now)
            }
            other => other,
        };
        let claims = claims.map_err(|error| ProviderError::Refused(error.to_string()))?;
        Ok(identity_of(&claims))
    }

    fn inner(&self) -> Result<&Inner, ProviderError> {
        self.0
            .as_deref()
            .ok_or_else(|| ProviderError::Refused("no provider is set".to_owned()))
    }
}
