//! A subscriber of the product that falls once, after its effects.

use std::cell::RefCell;

use ates::bus::{Item, Start, Subscriber};
use ates::platform::db::{DbRole, Tx};
use ates::platform::error::{AppError, AppResult};
use diesel::connection::SimpleConnection;
use uuid::Uuid;

use super::history::TOLD_TO_PANIC;

/// A subscriber of the product whose handler can be made to fail after its effects.
pub struct Frail {
    inner: Box<dyn Subscriber>,
    /// 1: it gives an error; 2: it panics; 3: its connection is cut. Then it is well again.
    pub ill: RefCell<u8>,
}

impl Frail {
    pub fn new(inner: Box<dyn Subscriber>) -> Self {
        Self {
            inner,
            ill: RefCell::new(0),
        }
    }
}

impl Subscriber for Frail {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn role(&self) -> DbRole {
        self.inner.role()
    }

    fn types(&self) -> &'static [&'static str] {
        self.inner.types()
    }

    fn start(&self) -> Start {
        self.inner.start()
    }

    fn key(&self, item: &Item) -> Uuid {
        self.inner.key(item)
    }

    fn money(&self) -> bool {
        self.inner.money()
    }

    fn repeatable(&self) -> bool {
        self.inner.repeatable()
    }

    fn rebuildable(&self) -> bool {
        self.inner.rebuildable()
    }

    fn handle(&self, tx: &mut Tx<'_>, items: &[Item]) -> AppResult<()> {
        self.inner.handle(tx, items)?;
        match self.ill.replace(0) {
            1 => Err(AppError::internal("told to fail")),
            2 => panic!("{TOLD_TO_PANIC}"),
            3 => {
                tx.conn()
                    .batch_execute("reset role; select pg_terminate_backend(pg_backend_pid())")?;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
