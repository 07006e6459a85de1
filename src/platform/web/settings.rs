//! What the pages need to know of the configuration.

use actix_web::HttpRequest;
use actix_web::web::Data;
use chrono_tz::Tz;

use crate::platform::config::Config;

/// Settings of all pages; the app puts them into its data as `web::Data<WebSettings>`.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// Scheme, host and port that people use, as browsers write it in `Origin`.
    pub origin: String,
    /// Whether browsers come over TLS, so that cookies are `Secure`.
    pub https: bool,
    /// The company's zone, in which all times are shown.
    pub zone: Tz,
    /// The currency's code.
    pub currency: String,
    /// Whether the company is a made-up one, which every page then says.
    pub demo: bool,
    /// Whether people may register themselves.
    pub registration: bool,
}

impl WebSettings {
    /// The settings that follow from the configuration.
    #[must_use]
    pub fn new(config: &Config, demo: bool) -> Self {
        Self {
            origin: config.base_url.origin().ascii_serialization(),
            https: config.is_https(),
            zone: config.zone.0,
            currency: config.currency.clone(),
            demo,
            registration: config.self_registration.is_some(),
        }
    }

    /// The settings of the app that answers `request`.
    ///
    /// # Panics
    /// When the app was built without them, which is a fault of its construction.
    #[must_use]
    pub fn of(request: &HttpRequest) -> &Self {
        request
            .app_data::<Data<Self>>()
            .expect("the app is built with its web settings")
    }
}
