//! Whether an ID token holds, and what it says.

use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreIdTokenClaims, CoreIdTokenVerifier, CoreJwsSigningAlgorithm as Alg, CoreTokenResponse,
};
use openidconnect::{
    AccessTokenHash, ClaimsVerificationError, Nonce, OAuth2TokenResponse, TokenResponse,
};

use super::Identity;
use super::client::Client;

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

/// The claims of the ID token, if all of it holds.
pub(super) fn checked(
    client: &Client,
    answer: &CoreTokenResponse,
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

/// Who the claims are about.
pub(super) fn identity_of(claims: &CoreIdTokenClaims) -> Identity {
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
