//! What is known of the provider, and the two requests to it.

use std::sync::{PoisonError, RwLock};

use chrono::{DateTime, Duration, Utc};
use openidconnect::core::{
    CoreClient, CoreClientAuthMethod, CoreProviderMetadata, CoreTokenResponse,
};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, HttpRequest, IssuerUrl, PkceCodeVerifier, RedirectUrl, RequestTokenError,
};
use ureq::Agent;

use super::http::{self, Failure};
use super::{ProviderError, Visit};
use crate::platform::config::ProviderTarget;

/// How long the provider's metadata and keys are kept.
pub(super) const KEPT_FOR: Duration = Duration::minutes(5);

/// A client that has all that the provider's metadata says.
pub(super) type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The provider of the settings, with what it said of itself.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) target: ProviderTarget,
    callback: String,
    agent: Agent,
    known: RwLock<Option<(DateTime<Utc>, CoreProviderMetadata)>>,
}

impl Inner {
    pub(super) fn new(target: ProviderTarget, callback: String) -> Self {
        Self {
            target,
            callback,
            agent: http::client(),
            known: RwLock::new(None),
        }
    }

    /// The provider's metadata and keys, asked for again when they are older than that.
    pub(super) fn metadata(
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

    pub(super) fn client(&self, metadata: &CoreProviderMetadata) -> Result<Client, ProviderError> {
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

    pub(super) fn exchange(
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
