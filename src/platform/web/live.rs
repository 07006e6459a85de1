//! Live parts of pages: server-sent events, for whoever has scripts. A page works without them, by being read again.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header;
use actix_web::web::Bytes;
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::platform::error::{AppError, AppResult};

/// Between two looks.
const EVERY: Duration = Duration::from_millis(500);

/// Looks of one stream. Then it ends and the browser asks anew, which checks again who it is and what they may: so a right that
/// was taken away lives no longer here than anywhere (D10).
const LOOKS: usize = 8;

/// What the browser waits before it asks anew, milliseconds.
const RETRY: u32 = 200;

/// Seconds until a refused browser may try again.
const PATIENCE: u32 = 5;

/// All streams that are open in this process: bounded, and ended together when the server stops. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Streams {
    places: Arc<Semaphore>,
    stopped: Arc<watch::Sender<bool>>,
}

/// What a look found.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveEvent {
    /// The name that the script listens for.
    pub name: &'static str,
    /// What it is told.
    pub content: Value,
    /// Whether nothing comes after it.
    pub last: bool,
}

impl LiveEvent {
    fn frame(&self) -> Bytes {
        Bytes::from(format!("event: {}\ndata: {}\n\n", self.name, self.content))
    }
}

impl Streams {
    /// Room for `limit` streams.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limit)),
            stopped: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Ends every stream; later ones end after their first event.
    pub fn close(&self) {
        self.stopped.send_replace(true);
    }

    /// Answers with a stream that looks twice a second. An error of a look ends it, and the browser asks anew.
    ///
    /// # Errors
    /// 503 when all places are taken.
    pub fn open<F, W>(&self, mut look: F) -> AppResult<HttpResponse>
    where
        F: FnMut() -> W + 'static,
        W: Future<Output = AppResult<LiveEvent>>,
    {
        let place =
            Arc::clone(&self.places)
                .try_acquire_owned()
                .map_err(|_| AppError::Unavailable {
                    message: "error-live-full".into(),
                    retry_after: PATIENCE,
                })?;
        let (sender, frames) = mpsc::channel(2);
        let mut stopped = self.stopped.subscribe();
        actix_web::rt::spawn(async move {
            let hello = Bytes::from(format!("retry: {RETRY}\n\n"));
            if sender.send(hello).await.is_err() {
                return;
            }
            for _ in 0..LOOKS {
                let Ok(event) = look().await else { return };
                let last = event.last;
                if sender.send(event.frame()).await.is_err() || last || *stopped.borrow() {
                    return;
                }
                tokio::select! {
                    _ = stopped.changed() => return,
                    () = sender.closed() => return,
                    () = tokio::time::sleep(EVERY) => {}
                }
            }
        });
        Ok(event_stream(frames, place))
    }
}

/// The answer that sends frames as they come; what `kept` holds is free again when the connection is gone.
pub fn event_stream<K: Unpin + 'static>(frames: mpsc::Receiver<Bytes>, kept: K) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/event-stream")
        // Neither our own compression nor a proxy may hold the events back.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .body(Frames {
            frames,
            _kept: kept,
        })
}

/// The body of such an answer; it keeps its place until the connection is gone.
struct Frames<K> {
    frames: mpsc::Receiver<Bytes>,
    _kept: K,
}

impl<K: Unpin> MessageBody for Frames<K> {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.frames.poll_recv(context).map(|frame| frame.map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use serde_json::json;

    use super::*;

    fn event(last: bool) -> LiveEvent {
        LiveEvent {
            name: "progress",
            content: json!({ "done": 1 }),
            last,
        }
    }

    async fn text(answer: HttpResponse) -> String {
        let body = to_bytes(answer.into_body()).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[actix_web::test]
    async fn a_stream_ends_with_its_last_event() {
        let streams = Streams::new(1);
        let answer = streams.open(|| async { Ok(event(true)) }).unwrap();
        let kind = answer.headers().get("content-type").unwrap();
        assert_eq!(kind, "text/event-stream");
        assert_eq!(
            text(answer).await,
            "retry: 200\n\nevent: progress\ndata: {\"done\":1}\n\n"
        );
    }

    #[actix_web::test]
    async fn there_is_a_limit_and_a_place_comes_back_when_its_stream_ends() {
        let streams = Streams::new(1);
        let first = streams.open(|| async { Ok(event(true)) }).unwrap();
        let refused = streams.open(|| async { Ok(event(true)) });
        assert!(matches!(refused, Err(AppError::Unavailable { .. })));
        drop(first);
        assert!(streams.open(|| async { Ok(event(true)) }).is_ok());
    }

    #[actix_web::test]
    async fn all_streams_end_when_the_server_stops() {
        let streams = Streams::new(1);
        let answer = streams.open(|| async { Ok(event(false)) }).unwrap();
        let stop = streams.clone();
        actix_web::rt::spawn(async move { stop.close() });
        assert_eq!(text(answer).await.matches("event: progress").count(), 1);
    }
}
