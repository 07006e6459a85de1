//! The paths that a keyboard alone walks.
