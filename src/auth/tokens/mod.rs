//! Access tokens: short-lived JWTs signed with Ed25519 (A10, A11). What somebody may do is never read from the token, only who they are
//! and which version of their sessions it belongs to.

mod keys;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Actor;
use super::store::UserRow;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};

pub(super) use keys::{PUBLISHED_FOR, remove_old_keys};
pub use keys::{Rotation, TokenKeys, rotate_keys};

/// Who the tokens are for.
const AUDIENCE: &str = "ates";

/// The type in the header, so that no other token can be taken for one of these (A33).
const TYPE: &str = "at+jwt";

/// How far the clocks of two machines may be apart, seconds.
const LEEWAY: u64 = 5;

/// The header of our own tokens and nothing besides: a token that brings a key along, or says where one lies, is none of ours (A31).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnHeader {
    alg: Algorithm,
    typ: String,
    kid: String,
}

impl OwnHeader {
    fn of(token: &str) -> Option<Self> {
        let (header, _) = token.split_once('.')?;
        let header: Self = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        (header.alg == Algorithm::EdDSA && header.typ == TYPE).then_some(header)
    }
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    jti: Uuid,
    /// The log-in that it belongs to; ending that one ends the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
    /// The refresh token that was handed out beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pair: Option<Uuid>,
    iat: i64,
    nbf: i64,
    exp: i64,
    /// Version of the user's sessions: a newer one in the database ends the token.
    sv: i64,
    username: String,
    name: String,
    surname: String,
    email: String,
    role: String,
    permissions: Vec<String>,
}

/// The log-in that an access token belongs to, and the refresh token beside it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub family: Uuid,
    pub id: Uuid,
}

/// What a verified token says: who, which version of their sessions, and of which log-in; a service's token is of none.
pub(super) struct Verified {
    pub user: Uuid,
    pub session_version: i64,
    pub pair: Option<Uuid>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

impl TokenKeys {
    /// Signs a token for a user.
    ///
    /// # Errors
    /// Those of the database, and that the key cannot sign.
    pub(super) async fn sign(
        &self,
        db: &Db,
        config: &Config,
        user: &UserRow,
        actor: &Actor,
        pair: Option<Pair>,
    ) -> AppResult<String> {
        let key = self.signing(db, config).await?;
        let now = db.clock().now();
        let life = i64::try_from(config.access_token_lifetime.as_secs()).unwrap_or(600);
        let claims = Claims {
            iss: issuer(config),
            aud: AUDIENCE.to_owned(),
            sub: user.id,
            jti: crate::platform::ids::fresh_key(),
            sid: pair.map(|pair| pair.family),
            pair: pair.map(|pair| pair.id),
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: now.timestamp() + life,
            sv: user.session_version,
            username: user.username.clone(),
            name: user.name.clone(),
            surname: user.surname.clone(),
            email: user.email.clone(),
            role: actor.roles.strongest().to_string(),
            permissions: actor
                .permissions
                .iter()
                .map(|permission| permission.to_string())
                .collect(),
        };
        let header = Header {
            typ: Some(TYPE.to_owned()),
            kid: Some(key.kid.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        jsonwebtoken::encode(
            &header,
            &claims,
            &EncodingKey::from_ed_der(&key.private_key),
        )
        .map_err(|error| AppError::Internal(Box::new(error)))
    }

    /// Checks a token: one algorithm, a key of our own table, every claim there, in time.
    ///
    /// # Errors
    /// Unauthenticated for everything that does not fit.
    pub(super) async fn verify(
        &self,
        db: &Db,
        config: &Config,
        token: &str,
    ) -> AppResult<Verified> {
        let header = OwnHeader::of(token).ok_or(AppError::Unauthenticated)?;
        let key = self
            .find(db, config, &header.kid)
            .await?
            .ok_or(AppError::Unauthenticated)?;
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[issuer(config)]);
        // The times are checked below, against the program's own clock.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        let decoded = jsonwebtoken::decode::<Claims>(
            token,
            &DecodingKey::from_ed_der(&key.public_key),
            &rules,
        );
        let claims = decoded.map_err(|_| AppError::Unauthenticated)?.claims;
        if !is_in_time(&claims, db.clock().now()) {
            return Err(AppError::Unauthenticated);
        }
        Ok(Verified {
            user: claims.sub,
            session_version: claims.sv,
            pair: claims.pair,
            expires_at: DateTime::from_timestamp(claims.exp, 0).ok_or(AppError::Unauthenticated)?,
        })
    }

    /// The public keys as a JWK set (A11).
    ///
    /// # Errors
    /// Those of the database.
    pub(super) async fn jwks(&self, db: &Db, config: &Config) -> AppResult<JwkSet> {
        let keys = self.published(db, config).await?;
        let keys = keys
            .iter()
            .map(|key| Jwk {
                kty: "OKP",
                crv: "Ed25519",
                alg: "EdDSA",
                r#use: "sig",
                kid: key.kid.clone(),
                x: URL_SAFE_NO_PAD.encode(&key.public_key),
            })
            .collect();
        Ok(JwkSet { keys })
    }
}

/// Public keys (RFC 7517).
#[derive(Serialize, ToSchema)]
pub(super) struct JwkSet {
    keys: Vec<Jwk>,
}

/// A public key (RFC 8037).
#[derive(Serialize, ToSchema)]
struct Jwk {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    r#use: &'static str,
    kid: String,
    x: String,
}

pub(super) fn issuer(config: &Config) -> String {
    config.base_url.origin().ascii_serialization()
}

fn is_in_time(claims: &Claims, now: DateTime<Utc>) -> bool {
    let leeway = i64::try_from(LEEWAY).unwrap_or(0);
    let now = now.timestamp();
    now < claims.exp + leeway && now + leeway >= claims.nbf
}
