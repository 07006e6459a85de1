//! What the browser suite stands on: a company with a history, the real program, a real browser, and the list of all screens.

mod barriers;
mod chromium;
mod client;
mod company;
mod database;
mod inspection;
mod product;
mod screens;
mod steps;
mod words;

pub use barriers::Axe;
pub use chromium::Chromium;
pub use client::Client;
pub use company::PASSWORD;
pub use inspection::{Inspection, Trace, overflow};
pub use product::Product;
pub use screens::{Act, Places, SCREENS, Screen, Who};
pub use steps::{
    Outcome, fill_log_in, focused, log_in, press, task_of, text_of, type_into, wait_for,
    wait_for_text,
};
pub use words::foreign_words;
