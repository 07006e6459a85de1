//! The company's own OpenID Connect provider, at which people may log in: authorization code with PKCE.
//!
//! What is fetched follows from the setting alone: the issuer's metadata, and the addresses that it names. Nothing that a visitor
//! sends is ever an address (A56). Everything here blocks and runs in a thread for that.

mod http;

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Duration, Utc};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdTokenClaims,
    CoreIdTokenVerifier, CoreJwsSigningAlgorithm as Alg, CoreProviderMetadata, CoreTokenResponse,
};
use openidconnect::{
    AccessTokenHash, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    Scope, SignatureVerificationError, TokenResponse,
};
use ureq::Agent;
use url::Url;

use self::http::Failure;
use crate::platform::config::{Config, ProviderTarget};

/// Where the provider sends people back to.
pub(super) const CALLBACK: &str = "/login/provider/callback";

/// How long the provider's metadata and keys are kept.
const KEPT_FOR: Duration = Duration::minutes(5);

/// The signatures that are taken, if the provider says that it makes them: none that rests on a shared secret.
const SIGNATURES: [Alg; 9] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::RsaSsaPssSha384,
    Alg::RsaSsaPssSha512,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EdDsa,
];

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

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

#[derive(Debug)]
struct Inner {
    target: ProviderTarget,
    callback: String,
    agent: Agent,
    known: RwLock<Option<(DateTime<Utc>, CoreProviderMetadata)>>,
}

impl CompanyProvider {
    /// The provider of the settings.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let callback = config.base_url.origin().ascii_serialization() + CALLBACK;
        Self(config.provider.clone().map(|target| {
            Arc::new(Inner {
                target,
                callback,
                agent: http::client(),
                known: RwLock::new(None),
            })
        }))
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
        let checked = match checked(&client, &answer, &nonce, now) {
            // The provider may have begun to sign with a key that is newer than what is known of it.
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                client = inner.client(&inner.metadata(now, Duration::zero())?)?;
                self::checked(&client, &answer, &nonce, now)
            }
            checked => checked,
        };
        let claims = checked.map_err(|error| ProviderError::Refused(error.to_string()))?;
        Ok(identity_of(&claims))
    }

    fn inner(&self) -> Result<&Inner, ProviderError> {
        self.0
            .as_deref()
            .ok_or_else(|| ProviderError::Refused("no provider is set".to_owned()))
    }
}

impl Inner {
    /// The provider's metadata and keys, asked for again when they are older than that.
    fn metadata(
        &self,
        now: DateTime<Utc>,
        age: Duration,
    ) -> Result<CoreProviderMetadata, ProviderError> {
        let known = self
            .known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some((at, metadata)) = known
            && now >= at
            && now - at < age
        {
            return Ok(metadata);
        }
        let issuer = IssuerUrl::from_url(self.target.issuer.clone());
        let issuer = match self.target.issuer.path() {
            // An address without a path is written with a slash, which the issuer's own name has not.
            "/" => IssuerUrl::new(self.target.issuer.as_str().trim_end_matches('/').to_owned())
                .unwrap_or(issuer),
            _ => issuer,
        };
        let send = |request: HttpRequest| http::send(&self.agent, request);
        let metadata = CoreProviderMetadata::discover(&issuer, &send)
            .map_err(|error| ProviderError::Away(in_full(&error)))?;
        let fresh = Some((now, metadata.clone()));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(metadata)
    }

    fn client(&self, metadata: &CoreProviderMetadata) -> Result<Client, ProviderError> {
        let away = |reason: &str| ProviderError::Away(reason.to_owned());
        let secret = self.target.client_secret.clone().map(ClientSecret::new);
        let callback =
            RedirectUrl::new(self.callback.clone()).map_err(|error| away(&error.to_string()))?;
        let client = CoreClient::from_provider_metadata(
            metadata.clone(),
            ClientId::new(self.target.client_id.clone()),
            secret,
        )
        .set_redirect_uri(callback);
        let in_body = metadata
            .token_endpoint_auth_methods_supported()
            .is_some_and(|known| {
                known.contains(&CoreClientAuthMethod::ClientSecretPost)
                    && !known.contains(&CoreClientAuthMethod::ClientSecretBasic)
            });
        Ok(match in_body {
            true => client.set_auth_type(AuthType::RequestBody),
            false => client,
        })
    }

    fn exchange(
        &self,
        client: &Client,
        code: String,
        visit: &Visit,
    ) -> Result<CoreTokenResponse, ProviderError> {
        let send = |request: HttpRequest| http::send(&self.agent, request);
        client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| ProviderError::Away(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(visit.verifier.clone()))
            .request(&send)
            .map_err(|error| match error {
                RequestTokenError::Request(failure) => away(&failure),
                other => ProviderError::Refused(in_full(&other)),
            })
    }
}

fn away(failure: &Failure) -> ProviderError {
    ProviderError::Away(failure.to_string())
}

/// The claims of the ID token, if all of it holds.
fn checked<'a>(
    client: &Client,
    answer: &'a CoreTokenResponse,
    nonce: &Nonce,
    now: DateTime<Utc>,
) -> Result<CoreIdTokenClaims, ClaimsVerificationError> {
    let other = |reason: &str| ClaimsVerificationError::Other(reason.to_owned());
    let token = answer
        .id_token()
        .ok_or_else(|| other("there is no ID token"))?;
    let algorithm = token
        .signing_alg()
        .map_err(ClaimsVerificationError::SignatureVerification)?;
    if !SIGNATURES.contains(algorithm) {
        return Err(other("the ID token is signed in a way that is not taken"));
    }
    let verifier: CoreIdTokenVerifier<'_> = client.id_token_verifier().set_time_fn(move || now);
    let claims = token.claims(&verifier, nonce)?;
    if let Some(expected) = claims.access_token_hash() {
        let key = token
            .signing_key(&verifier)
            .map_err(ClaimsVerificationError::SignatureVerification)?;
        let found = AccessTokenHash::from_token(answer.access_token(), algorithm, key)
            .map_err(|error| other(&error.to_string()))?;
        if found != *expected {
            return Err(other("the ID token belongs to another access token"));
        }
    }
    Ok(claims.clone())
}

fn identity_of(claims: &CoreIdTokenClaims) -> Identity {
    let verified = claims.email_verified() == Some(true);
    let plain = |name: Option<String>| name.filter(|name| !name.trim().is_empty());
    Identity {
        issuer: claims.issuer().as_str().to_owned(),
        subject: claims.subject().as_str().to_owned(),
        verified_email: claims
            .email()
            .filter(|_| verified)
            .map(|email| email.as_str().to_owned()),
        username: plain(
            claims
                .preferred_username()
                .map(|name| name.as_str().to_owned()),
        ),
        name: plain(
            claims
                .given_name()
                .and_then(|names| names.get(None))
                .map(|name| name.as_str().to_owned()),
        ),
        surname: plain(
            claims
                .family_name()
                .and_then(|names| names.get(None))
                .map(|name| name.as_str().to_owned()),
        ),
    }
}

/// An error with what caused it, for the log.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
