//! What the properties of the platform and of the modules share.

use proptest::test_runner::Config;

/// A thousand cases, and no files that remember failures: the smallest case is printed, and becomes a test of its own.
pub(crate) fn thousand() -> Config {
    Config {
        cases: 1_000,
        failure_persistence: None,
        ..Config::default()
    }
}
