//! Who asks for a page.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use uuid::Uuid;

use super::origin_of;
use crate::auth::Actor;
use crate::platform::db::Origin;
use crate::platform::error::AppError;
use crate::platform::web::Frame;

/// Somebody with a live session who asks for a page; never a service, which has none (A22).
#[derive(Clone)]
pub struct Viewer {
    /// Who, with what they may do at this moment.
    pub actor: Actor,
    /// The frame of the page they get.
    pub frame: Frame,
    origin: Origin,
}

impl Viewer {
    /// Who and what starts the unit of work of this request.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin.clone()
    }

    /// A fresh one-time key for a form.
    #[must_use]
    pub fn form_key(&self) -> Uuid {
        self.frame.key
    }
}

impl FromRequest for Viewer {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let actor = request.extensions().get::<Actor>().cloned();
        ready(match actor {
            Some(actor) if actor.is_service() => Err(AppError::Forbidden.into()),
            Some(actor) => {
                let origin = origin_of(request, Some(actor.id.0));
                Ok(Self {
                    frame: Frame::of(request),
                    actor,
                    origin,
                })
            }
            None => Err(AppError::Unauthenticated.into()),
        })
    }
}
