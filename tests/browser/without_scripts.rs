//! What works with scripts switched off.
