//! CSV files, in and out: the one writer, safe against formulas (A51), and a reader that names each bad line.

mod reader;
mod writer;

pub use reader::{CsvError, CsvRow, CsvRows, LineError, read_rows};
pub use writer::{Cell, Csv, Delimiter, amount};
