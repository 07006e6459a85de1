//! Form tokens: an HMAC that is keyed with the visitor's own secret cookie, so the server keeps nothing (A44).
//!
//! The key is the session's cookie, 256 random bits. Before the log-in it is a cookie of the same kind that has no other use;
//! a page with a form sets it. A token is the same for the whole session, so pages stay byte-stable.

use actix_web::HttpRequest;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{WebSettings, cookies};

const PURPOSE: &[u8] = b"ates form";

/// The token of the forms of whoever holds this cookie.
#[must_use]
pub fn token_for(cookie_value: &str) -> String {
    hex::encode(keyed(cookie_value).finalize().into_bytes())
}

/// Whether a token belongs to a cookie; takes the same time for every wrong token.
#[must_use]
pub fn is_valid(cookie_value: &str, token: &str) -> bool {
    hex::decode(token).is_ok_and(|token| keyed(cookie_value).verify_slice(&token).is_ok())
}

/// Whether a token belongs to the cookie that came with this request: the session's if there is one, else the one from before
/// the log-in.
#[must_use]
pub fn is_valid_for(request: &HttpRequest, token: &str) -> bool {
    secret(request).is_some_and(|secret| is_valid(&secret, token))
}

/// The token for the forms of the page that answers this request: of the session's new cookie when the answer brings one; a visitor
/// without any cookie is given one.
#[must_use]
pub fn token(request: &HttpRequest) -> String {
    let settings = WebSettings::of(request);
    let name = cookies::before_login(settings.https);
    let renewed = cookies::waiting_value(request, cookies::session(settings.https));
    let secret = renewed
        .filter(|secret| !secret.is_empty())
        .or_else(|| secret(request))
        .or_else(|| cookies::waiting_value(request, name))
        .unwrap_or_else(|| {
            let secret = cookies::new_secret();
            cookies::set(
                request,
                cookies::build(settings, name, secret.clone(), None),
            );
            secret
        });
    token_for(&secret)
}

fn secret(request: &HttpRequest) -> Option<String> {
    let https = WebSettings::of(request).https;
    cookies::session_value(request)
        .or_else(|| cookies::value(request, cookies::before_login(https)))
}

fn keyed(cookie_value: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(cookie_value.as_bytes())
        .expect("HMAC takes keys of every length");
    mac.update(PURPOSE);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a44_a_token_fits_only_its_own_cookie() {
        let token = token_for("secret of one");
        assert!(is_valid("secret of one", &token));
        assert!(!is_valid("secret of another", &token));
        assert!(!is_valid("secret of one", &token[..62]));
        assert!(!is_valid("secret of one", ""));
        assert!(!is_valid("secret of one", "not hexadecimal"));
        assert_eq!(token.len(), 64);
    }
}
