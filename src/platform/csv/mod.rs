//! CSV files, in and out: the one writer, safe against formulas (A51), and a reader that names each bad line.

#[cfg(test)]
mod properties;
mod reader;
mod writer;

pub use reader::{CsvError, CsvRow, CsvRows, LineError, read_rows};
pub use writer::{Cell, Csv, Delimiter, amount};
