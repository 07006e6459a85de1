//! The layer that gives every error its face, logs the ones that are our fault, and turns a panic into an answer.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, HttpResponse};
use uuid::Uuid;

use super::{Face, page, problem, request_id};
use crate::platform::error::AppError;
use crate::platform::web::{Flash, Frame, redirect, redirect_with, without_secret};

/// Draws every error: a problem document below `/api/`, a page elsewhere, the log-in page for a visitor who is not known. An
/// answer that a handler wrote itself, such as a form with its errors, stays as it is.
///
/// # Errors
/// A fault outside any handler, or a panic: as an error that carries its drawn answer.
pub async fn errors(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let bare = Circumstances::bare(request.request());
    match caught(next.call(request)).await {
        Ok(Ok(answer)) => Ok(drawn(answer.map_into_boxed_body())),
        Ok(Err(error)) => {
            let face = face_of(&error.error_response(), Some(&error));
            log(&bare, &face, Some(&error));
            Err(InternalError::from_response(error, bare.draw(&face)).into())
        }
        Err(panic) => {
            let face = Face::of_status(StatusCode::INTERNAL_SERVER_ERROR);
            let words = words_of(panic.as_ref());
            tracing::error!(request_id = %bare.request_id, method = %bare.method, path = without_secret(&bare.frame.path), panic = words, "a handler panicked");
            Err(InternalError::from_response("a handler panicked", bare.draw(&face)).into())
        }
    }
}

/// Marks the answer of a refusal as one that is drawn already, such as a page that asks for something more.
pub struct Drawn;

fn drawn(answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() {
        return answer;
    }
    let response = answer.response();
    let is_bare = matches!(response.body().size(), BodySize::None | BodySize::Sized(0));
    let is_drawn = response.error().is_none() || response.extensions().get::<Drawn>().is_some();
    if !is_bare && is_drawn {
        return answer;
    }
    let face = face_of(response, response.error());
    let circumstances = Circumstances::of(answer.request());
    log(&circumstances, &face, response.error());
    let allowed = response.headers().get(header::ALLOW).cloned();
    let mut drawn = circumstances.draw(&face);
    if let Some(methods) = allowed {
        drawn.headers_mut().insert(header::ALLOW, methods);
    }
    answer.into_response(drawn)
}

fn face_of(response: &HttpResponse, error: Option<&Error>) -> Face {
    if let Some(face) = response.extensions().get::<Face>() {
        return face.clone();
    }
    match error.and_then(|error| error.as_error::<AppError>()) {
        Some(error) => Face::of_error(error),
        None => Face::of_status(response.status()),
    }
}

/// Internal errors are logged here, once, with their causes; also where visitors only hear that a module is down.
fn log(at: &Circumstances, face: &Face, error: Option<&Error>) {
    let ours = error.and_then(|error| error.as_error::<AppError>());
    let internal = matches!(ours, Some(AppError::Internal(_)));
    if face.status != StatusCode::INTERNAL_SERVER_ERROR && !internal {
        return;
    }
    let causes = match (error, ours) {
        (_, Some(AppError::Internal(cause))) => chain(cause.as_ref()),
        (Some(error), _) => error.to_string(),
        (None, _) => "an answer without a reason".to_owned(),
    };
    tracing::error!(request_id = %at.request_id, method = %at.method, path = without_secret(&at.frame.path), causes, "a request failed");
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}

/// What drawing an error needs to know of its request.
struct Circumstances {
    frame: Frame,
    method: Method,
    request_id: Uuid,
}

impl Circumstances {
    /// Of a request that has come back, so that the page can show who asks.
    fn of(request: &HttpRequest) -> Self {
        let is_api = is_api(request.path());
        let frame = if is_api {
            Frame::without_visitor(request)
        } else {
            Frame::of(request)
        };
        Self {
            frame,
            method: request.method().clone(),
            request_id: request_id(request),
        }
    }

    /// Of a request that will not come back.
    fn bare(request: &HttpRequest) -> Self {
        let frame = Frame::without_visitor(request);
        Self {
            frame,
            method: request.method().clone(),
            request_id: request_id(request),
        }
    }

    fn draw(self, face: &Face) -> HttpResponse {
        let mut answer = if is_api(&self.frame.path) {
            problem::draw(face, self.frame.lang, &self.frame.path, self.request_id)
        } else if face.status == StatusCode::UNAUTHORIZED {
            return to_log_in(&self.frame, &self.method);
        } else {
            page::draw(face, self.frame, self.request_id)
        };
        if let Some(seconds) = face.retry_after {
            answer
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
        }
        if face.status == StatusCode::UNAUTHORIZED {
            answer.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                header::HeaderValue::from_static("Bearer"),
            );
        }
        answer
    }
}

fn to_log_in(frame: &Frame, method: &Method) -> HttpResponse {
    if *method != Method::GET {
        return redirect_with("/login", Flash::warn("flash-session-ended"));
    }
    if frame.back == "/" {
        return redirect("/login");
    }
    let next: String = url::form_urlencoded::byte_serialize(frame.back.as_bytes()).collect();
    redirect(&format!("/login?next={next}"))
}

fn is_api(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/.well-known/")
}

async fn caught<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(
        move |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        },
    )
    .await
}

fn words_of(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no words")
}
