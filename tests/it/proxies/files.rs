//! The files for operators: what they set is there, and the programs that read them take them.

/// `ops/nginx/ates.conf`.
const NGINX: &str = include_str!("../../../ops/nginx/ates.conf");

/// What of it is different in each house, on lines of its own.
const OWN: &[&str] = &[
    "server 127.0.0.1:8080 ",
    "server 127.0.0.1:8082 ",
    "listen 80;",
    "listen 443 ssl http2;",
    "ssl_certificate /etc/nginx/ates.pem;",
    "ssl_certificate_key /etc/nginx/ates.key;",
];

/// The file with the addresses of a test, without TLS.
pub fn nginx_at(port: u16, one: &str, two: &str) -> String {
    let here = [
        format!("server {one} "),
        format!("server {two} "),
        format!("listen 127.0.0.1:{};", crate::endurance::free_port()),
        format!("listen 127.0.0.1:{port};"),
        String::new(),
        String::new(),
    ];
    OWN.iter()
        .zip(here)
        .fold(NGINX.to_owned(), |text, (own, here)| {
            assert!(text.contains(own), "{own}");
            text.replace(own, &here)
        })
}
