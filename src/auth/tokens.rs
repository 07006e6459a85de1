//! Access tokens: short-lived JWTs signed with Ed25519 (A10, A11). What somebody may do is never read from the token, only who they are
//! and which version of their sessions it belongs to.

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::store::{self, StoredKey, UserRow};
use super::{Actor, ROLE};
use crate::platform::config::Config;
use crate::platform::db::{Db, Origin, Tx};
use crate::platform::error::{AppError, AppResult};

/// Who the tokens are for.
const AUDIENCE: &str = "ates";

/// The type in the header, so that no other token can be taken for one of these (A33).
const TYPE: &str = "at+jwt";

/// How far the clocks of two machines may be apart, seconds.
const LEEWAY: u64 = 5;

/// The keys of this process, read from the database when they are first needed and when a token names an unknown one.
#[derive(Clone, Default)]
pub struct TokenKeys(Arc<RwLock<Vec<StoredKey>>>);

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    jti: Uuid,
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

/// What a verified token says: who, and which version of their sessions.
pub(super) struct Verified {
    pub user: Uuid,
    pub session_version: i64,
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
    ) -> AppResult<String> {
        let key = self.newest(db).await?;
        let now = db.clock().now();
        let life = i64::try_from(config.access_token_lifetime.as_secs()).unwrap_or(600);
        let claims = Claims {
            iss: issuer(config),
            aud: AUDIENCE.to_owned(),
            sub: user.id,
            jti: crate::platform::ids::fresh_key(),
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
        let header = jsonwebtoken::decode_header(token).map_err(|_| AppError::Unauthenticated)?;
        if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(TYPE) {
            return Err(AppError::Unauthenticated);
        }
        let kid = header.kid.ok_or(AppError::Unauthenticated)?;
        let key = self
            .by_kid(db, &kid)
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
        })
    }

    /// The public keys as a JWK set (A11).
    ///
    /// # Errors
    /// Those of the database.
    pub(super) async fn jwks(&self, db: &Db) -> AppResult<Value> {
        self.newest(db).await?;
        let keys = self.known();
        let keys: Vec<Value> = keys
            .iter()
            .map(|key| {
                json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": key.kid,
                    "x": URL_SAFE_NO_PAD.encode(&key.public_key) })
            })
            .collect();
        Ok(json!({ "keys": keys }))
    }

    fn known(&self) -> Vec<StoredKey> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn newest(&self, db: &Db) -> AppResult<StoredKey> {
        if let Some(key) = self.known().into_iter().next() {
            return Ok(key);
        }
        self.reload(db)
            .await?
            .into_iter()
            .next()
            .ok_or_else(|| AppError::internal("no signing key"))
    }

    async fn by_kid(&self, db: &Db, kid: &str) -> AppResult<Option<StoredKey>> {
        let find = |keys: Vec<StoredKey>| keys.into_iter().find(|key| key.kid == kid);
        match find(self.known()) {
            Some(key) => Ok(Some(key)),
            None => Ok(find(self.reload(db).await?)),
        }
    }

    async fn reload(&self, db: &Db) -> AppResult<Vec<StoredKey>> {
        let keys = db
            .transaction_even_stopped(ROLE, Origin::system(), read_or_make)
            .await?;
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&keys);
        Ok(keys)
    }
}

/// The keys of the table; the first one is made when there is none.
fn read_or_make(tx: &mut Tx<'_>) -> AppResult<Vec<StoredKey>> {
    let keys = store::list_keys(tx.conn())?;
    if !keys.is_empty() {
        return Ok(keys);
    }
    let failed = |what: &str| AppError::internal(format!("an Ed25519 key cannot be {what}"));
    let pair = Ed25519KeyPair::generate().map_err(|_| failed("made"))?;
    let private_key = pair
        .to_pkcs8()
        .map_err(|_| failed("written"))?
        .as_ref()
        .to_vec();
    let kid = tx.new_id::<Uuid>().to_string();
    let key = StoredKey {
        kid,
        private_key,
        public_key: pair.public_key().as_ref().to_vec(),
    };
    let now = tx.now;
    store::insert_key(tx.conn(), &key, now)?;
    store::list_keys(tx.conn())
}

fn issuer(config: &Config) -> String {
    config.base_url.origin().ascii_serialization()
}

fn is_in_time(claims: &Claims, now: DateTime<Utc>) -> bool {
    let leeway = i64::try_from(LEEWAY).unwrap_or(0);
    let now = now.timestamp();
    now < claims.exp + leeway && now + leeway >= claims.nbf
}
