//! The feed as server-sent events: each with its number as its id, so that a reader who comes back goes on where it was.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use tokio::sync::mpsc;

use super::question::Question;
use super::{REST, TRUSTED_FOR, ask_again, read};
use crate::bus::{EventDocument, Horizon, Piece, Waiter};
use crate::platform::db::Db;
use crate::platform::web::event_stream;

/// How often a reader who is told nothing is told that the stream lives.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// How long a reader may leave what it was sent unread.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a reader waits before it comes back, milliseconds.
const RETRY: u32 = 1_000;

/// Answers with a stream. The first piece is read before, so that what is wrong with the question is an answer of its own.
pub(super) async fn open(
    request: HttpRequest,
    db: Data<Db>,
    horizon: &Horizon,
    question: Question,
) -> Result<HttpResponse, actix_web::Error> {
    let waiter = horizon.enter()?;
    let first = read(&db, &question.filter, question.after, question.limit).await?;
    let (sender, frames) = mpsc::channel(1);
    let teller = Teller {
        request,
        db,
        question,
        sender,
        waiter,
    };
    actix_web::rt::spawn(teller.tell(first));
    Ok(event_stream(frames, ()))
}

/// One stream. It ends when its reader is gone or reads nothing, may not read any more, or the server stops.
struct Teller {
    request: HttpRequest,
    db: Data<Db>,
    question: Question,
    sender: mpsc::Sender<Bytes>,
    waiter: Waiter,
}

impl Teller {
    async fn tell(mut self, first: Piece) {
        let (mut piece, mut known_at) = (first, Instant::now());
        if !self.send(format!("retry: {RETRY}\n\n")).await {
            return;
        }
        loop {
            let (next, head, found) = (piece.next, piece.head, !piece.events.is_empty());
            if found && !self.send(frames_of(piece)).await {
                return;
            }
            if next >= head && !self.wait(next).await {
                return;
            }
            if !found && head > self.question.after {
                tokio::time::sleep(REST).await;
            }
            if known_at.elapsed() >= TRUSTED_FOR {
                if ask_again(&self.request).await.is_err() {
                    return;
                }
                known_at = Instant::now();
            }
            let filter = &self.question.filter;
            match read(&self.db, filter, next, self.question.limit).await {
                Ok(further) => piece = further,
                Err(_) => return,
            }
        }
    }

    /// Waits for the log to grow past a number, with a heartbeat now and then; tells whether the stream goes on.
    async fn wait(&mut self, past: i64) -> bool {
        let gone = self.sender.clone();
        tokio::select! {
            moved = self.waiter.wait_past(past, HEARTBEAT) => {
                // An id without data moves the reader's place and tells it nothing.
                moved || (!self.waiter.is_closed() && self.send(format!(": alive\nid: {past}\n\n")).await)
            }
            () = gone.closed() => false,
        }
    }

    async fn send(&self, text: String) -> bool {
        let sent = self.sender.send_timeout(Bytes::from(text), PATIENCE).await;
        sent.is_ok() && !self.waiter.is_closed()
    }
}

/// Events as frames.
fn frames_of(piece: Piece) -> String {
    let mut text = String::new();
    for event in piece.events {
        let event = EventDocument::from(event);
        let content = serde_json::to_string(&event).unwrap_or_default();
        // Writing into a text cannot fail.
        let _ = write!(
            text,
            "id: {}\nevent: {}\ndata: {content}\n\n",
            event.seq, event.r#type
        );
    }
    text
}
