//! How far the company has lived, kept beside the data while its month is being made, so that a start that was stopped half-way
//! is gone on with.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::CliError;
use crate::platform::config::without_password;

/// The note, for one database.
pub(super) struct Bookmark {
    path: PathBuf,
    database: String,
}

/// Where the company stands in its month.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The day it was founded.
    pub first: NaiveDate,
    /// The day that comes next.
    pub next: NaiveDate,
}

impl Bookmark {
    /// The note in a folder about the database of an address.
    pub fn new(folder: &Path, url: &str) -> Self {
        Self {
            path: folder.join("demo-month"),
            database: without_password(url),
        }
    }

    /// What is noted; nothing when the month is whole, or when the note is about another database.
    pub fn read(&self) -> Result<Option<Place>, CliError> {
        let text = match std::fs::read_to_string(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            outcome => outcome.map_err(|error| self.failed(&error))?,
        };
        let mut lines = text.lines();
        let mut date = || lines.next().and_then(|line| line.parse().ok());
        let place = date()
            .zip(date())
            .map(|(first, next)| Place { first, next });
        Ok(place.filter(|_| lines.next() == Some(&self.database)))
    }

    /// Notes where the company stands.
    pub fn write(&self, place: Place) -> Result<(), CliError> {
        let text = format!("{}\n{}\n{}\n", place.first, place.next, self.database);
        std::fs::write(&self.path, text).map_err(|error| self.failed(&error))
    }

    /// The month is whole.
    pub fn remove(&self) -> Result<(), CliError> {
        std::fs::remove_file(&self.path).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &std::io::Error) -> CliError {
        CliError(format!("cannot use {}: {error}", self.path.display()))
    }
}
