//! The door: so many requests are worked on at the same time, so many more wait for their turn, and whoever comes after them hears at
//! once that it is too much (A59). What is turned away has cost nothing, so what is let in is answered as fast as ever.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::platform::error::AppError;
use crate::platform::faults;
use crate::platform::metrics::{self, Away};

/// Seconds after which a client that was turned away may come again.
const RETRY_AFTER: u32 = 2;

/// The places of a process.
#[derive(Debug)]
pub struct Door {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
    patience: Duration,
}

impl Door {
    /// Room for `places` requests, and for `queue` that wait for so long at most.
    #[must_use]
    pub fn new(places: usize, queue: usize, patience: Duration) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places)),
            waiting: AtomicUsize::new(0),
            queue,
            patience,
        }
    }

    async fn enter(&self) -> Result<OwnedSemaphorePermit, Away> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(place);
        }
        let waiting = Waiting::join(self).ok_or(Away::Full)?;
        let turn = Arc::clone(&self.places).acquire_owned();
        let place = tokio::time::timeout(self.patience, turn).await;
        drop(waiting);
        place.map_err(|_| Away::Late)?.map_err(|_| Away::Late)
    }

    async fn let_in(&self) -> Result<OwnedSemaphorePermit, AppError> {
        self.enter().await.map_err(|why| {
            metrics::turned_away(why);
            AppError::Unavailable {
                message: "error-overloaded".into(),
                retry_after: RETRY_AFTER,
            }
        })
    }
}

/// One that waits; also when it gives up, it is not counted any more.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn join(door: &'a Door) -> Option<Self> {
        let one = Self(&door.waiting);
        (door.waiting.fetch_add(1, Ordering::SeqCst) < door.queue).then_some(one)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The place of a request; it is left while its body is on the way, since that may take long and costs nothing.
#[derive(Clone, Debug)]
pub(super) struct Place {
    door: Data<Door>,
    held: Rc<RefCell<Option<OwnedSemaphorePermit>>>,
}

impl Place {
    pub fn leave(&self) {
        drop(self.held.borrow_mut().take());
    }

    /// # Errors
    /// 503 when the turn does not come.
    pub async fn come_back(&self) -> Result<(), AppError> {
        let place = self.door.let_in().await?;
        self.held.replace(Some(place));
        Ok(())
    }
}

/// Lets a request in when its turn has come. Health is asked by those who watch over the process, the files of the pages cost nothing,
/// passwords and the readers of the log have queues of their own: they all pass.
///
/// # Errors
/// Those of the service inside.
pub async fn admission(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let begun = Instant::now();
    let door = request.app_data::<Data<Door>>().cloned();
    let place = match door.filter(|_| !passes(request.path())) {
        None => None,
        Some(door) => match door.let_in().await {
            Ok(held) => {
                let held = Rc::new(RefCell::new(Some(held)));
                let place = Place { door, held };
                request.extensions_mut().insert(place.clone());
                Some(place)
            }
            Err(error) => return Ok(request.error_response(error)),
        },
    };
    let outcome = next.call(request).await;
    if let Some(place) = place {
        place.leave();
    }
    let status = match &outcome {
        Ok(answer) => answer.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    metrics::request(status.as_u16(), begun.elapsed());
    if faults::plants("kept_bytes") {
        Box::leak(vec![1_u8; 4_096].into_boxed_slice());
    }
    outcome.map(ServiceResponse::map_into_boxed_body)
}

fn passes(path: &str) -> bool {
    ["/health/", "/static/"]
        .iter()
        .any(|start| path.starts_with(start))
        || ["/login", "/api/v1/auth/token", "/api/v1/events"].contains(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn whoever_comes_after_the_queue_is_turned_away_at_once_and_a_place_that_is_left_is_taken()
     {
        let door = Door::new(1, 1, Duration::from_millis(50));
        let first = door.enter().await.unwrap();
        let (second, third) = tokio::join!(door.enter(), door.enter());
        assert_eq!(second.unwrap_err(), Away::Late);
        assert_eq!(third.unwrap_err(), Away::Full);
        drop(first);
        assert!(door.enter().await.is_ok());
        assert_eq!(door.waiting.load(Ordering::SeqCst), 0);
    }
}
