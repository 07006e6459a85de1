//! Signatures as Standard Webhooks 1.0 has them.

use std::fmt::Write as _;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The signatures of a message, one with each secret, parted by spaces: while a secret is changed both are good.
pub(super) fn sign(secrets: &[Vec<u8>], id: &str, timestamp: i64, body: &[u8]) -> String {
    let mut signatures = String::new();
    for secret in secrets {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        let parted = if signatures.is_empty() { "" } else { " " };
        let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
        // Writing into a text cannot fail.
        let _ = write!(signatures, "{parted}v1,{signature}");
    }
    signatures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_standards_own_example() {
        let secret = BASE64_STANDARD
            .decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            .unwrap();
        let sign = |secrets: &[Vec<u8>]| {
            sign(
                secrets,
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                br#"{"test": 2432232314}"#,
            )
        };
        let known = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(sign(std::slice::from_ref(&secret)), known);
        let two = sign(&[secret, vec![1; 24]]);
        assert!(two.starts_with(&format!("{known} v1,")));
    }
}
