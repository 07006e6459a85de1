//! The API as a whole: its document, its refusals, its limits, and what a fuzzer finds when it reads the document.

mod cache;
mod document;
mod fourteen;
mod fuzz;
mod injection;
mod limits;
mod strict;
mod viewer;
