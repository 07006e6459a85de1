//! The lines to the clients. The server times the first head of a connection and the pause between two requests, but neither a second
//! head that drips in nor an answer that nobody reads; here those are hung up on (T-DOS-1, T-DOS-2).

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::{Error, rt};

use crate::platform::metrics;

/// How long a client may take for the head of its next request.
const HEAD: Duration = Duration::from_secs(12);

/// How long a client may read nothing of an answer.
const READING: Duration = Duration::from_secs(60);

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// All lines of a process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    open: Arc<Mutex<Vec<Weak<Line>>>>,
    closing: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Line {
    /// A second handle of the connection, so that it can be cut from here whatever its task is doing.
    socket: TcpStream,
    opened: Instant,
    /// When something last went on, milliseconds after it was opened.
    last: AtomicU64,
    /// Requests that are worked on.
    working: AtomicUsize,
    /// Answers that are being sent.
    sending: AtomicUsize,
    /// Whether the process is about to end.
    closing: Arc<AtomicBool>,
}

impl Line {
    fn touch(&self) {
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    fn is_stuck(&self) -> bool {
        let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
        let still = self.opened.elapsed().saturating_sub(last);
        let patience = if self.sending.load(Ordering::Relaxed) > 0 {
            READING
        } else {
            HEAD
        };
        self.working.load(Ordering::Relaxed) == 0 && still > patience
    }
}

impl Lines {
    /// Notes a connection that has just come; for the server's `on_connect`.
    pub fn opened(&self, connection: &dyn Any, extensions: &mut Extensions) {
        let Some(stream) = connection.downcast_ref::<rt::net::TcpStream>() else {
            return;
        };
        // Without a second handle, as when there are no more to be had, it goes unwatched.
        let Ok(socket) = stream.as_fd().try_clone_to_owned() else {
            return;
        };
        let line = Arc::new(Line {
            socket: socket.into(),
            opened: Instant::now(),
            last: AtomicU64::new(0),
            working: AtomicUsize::new(0),
            sending: AtomicUsize::new(0),
            closing: Arc::clone(&self.closing),
        });
        self.all().push(Arc::downgrade(&line));
        extensions.insert(line);
    }

    /// From now on every answer is the last of its line, so that a client or a proxy that keeps its lines goes elsewhere with the next
    /// request, and the process need not wait for it (T-OPS-1).
    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Hangs up on those that are stuck, for ever.
    pub async fn watch(self) {
        loop {
            rt::time::sleep(LOOK).await;
            self.all().retain(|line| {
                let Some(line) = line.upgrade() else {
                    return false;
                };
                let stuck = line.is_stuck();
                if stuck {
                    metrics::hung_up();
                    // It may have hung up itself in this moment.
                    drop(line.socket.shutdown(Shutdown::Both));
                }
                !stuck
            });
        }
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Line>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes that a line's request is worked on, and that its answer is sent.
///
/// # Errors
/// Those of the service inside.
pub async fn line_in_use(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let line = request.conn_data::<Arc<Line>>().cloned();
    let Some(line) = line else {
        return next
            .call(request)
            .await
            .map(ServiceResponse::map_into_boxed_body);
    };
    let working = InUse::of(&line, |line| &line.working);
    let outcome = next.call(request).await;
    drop(working);
    outcome.map(|mut answer| {
        if line.closing.load(Ordering::Relaxed) {
            let head = answer.response_mut().head_mut();
            head.set_connection_type(ConnectionType::Close);
        }
        answer.map_body(|_, body| {
            let sending = InUse::of(&line, |line| &line.sending);
            BoxBody::new(Sent {
                body: BoxBody::new(body),
                sending,
            })
        })
    })
}

/// One use of a line; the line is touched when it begins and when it ends.
struct InUse {
    line: Arc<Line>,
    count: fn(&Line) -> &AtomicUsize,
}

impl InUse {
    fn of(line: &Arc<Line>, count: fn(&Line) -> &AtomicUsize) -> Self {
        count(line).fetch_add(1, Ordering::Relaxed);
        line.touch();
        Self {
            line: Arc::clone(line),
            count,
        }
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        (self.count)(&self.line).fetch_sub(1, Ordering::Relaxed);
        self.line.touch();
    }
}

/// The body of an answer: as long as pieces of it are taken, something goes on.
struct Sent {
    body: BoxBody,
    sending: InUse,
}

impl MessageBody for Sent {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<actix_web::web::Bytes, Self::Error>>> {
        let taken = Pin::new(&mut self.body).poll_next(context);
        if taken.is_ready() {
            self.sending.line.touch();
        }
        taken
    }
}
