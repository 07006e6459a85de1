//! What the pages have beside their content: keys, palette, search, help.

mod feeds;
mod help;
mod keys;
mod lists;
mod navigation;
mod search;
mod words;
