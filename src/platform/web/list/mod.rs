//! What all lists share: an address that says what narrows and orders them, chips for the filters that are on, heads of columns that
//! sort, where the reader stands (M-6), and the filter that somebody begins with (S-4).

mod address;
mod default_filter;
mod filters;
mod order;
mod place;
mod size;

pub use address::{ListAddress, address};
pub use default_filter::{DEFAULT_OFF, DefaultFilter, LISTS, kept_part};
pub use filters::{FilterChip, FiltersOn, one_of};
pub use order::{ByTime, Order, SortColumn, SortHead};
pub use place::{ListPlace, Pager};
pub use size::{SizeChoice, rows_per};
