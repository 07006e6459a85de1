//! The program as an operator runs it: under more load than it can bear, with clients that mean it ill, while it is restarted, and when its
//! database has to be restored.

mod clients;
mod drill;
mod overload;
mod restart;
