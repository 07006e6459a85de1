//! What the pages have beside their content: keys, palette, search, help.

mod help;
mod keys;
mod search;
