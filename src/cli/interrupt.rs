//! Ctrl-C in a command that has something to bring to an end: the private Postgres of a demo, the database of a self-test.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use super::CliError;

/// Whether somebody has asked the command to stop.
#[derive(Clone)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for SIGINT and SIGTERM from now on.
    pub fn listen() -> Result<Self, CliError> {
        let asked = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&asked);
        Self::act(move || flag.store(true, Ordering::Relaxed))?;
        Ok(Self(asked))
    }

    /// Does something, in a thread of its own, when the first of the two comes.
    pub fn act(then: impl FnOnce() + Send + 'static) -> Result<(), CliError> {
        let failed = |error: std::io::Error| CliError(format!("cannot listen for Ctrl-C: {error}"));
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let (mut interrupt, mut terminate) = {
            let _entered = runtime.enter();
            (
                signal(SignalKind::interrupt()).map_err(failed)?,
                signal(SignalKind::terminate()).map_err(failed)?,
            )
        };
        std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            });
            then();
        });
        Ok(())
    }

    /// Whether it was asked for.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
