//! How much a visit weighs.
