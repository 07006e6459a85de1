//! The demo's password: made once, kept beside the data for its owner only.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::CliError;
use crate::platform::ids::fresh_key;

/// The password of this demo.
pub(super) fn of(folder: &Path) -> Result<String, CliError> {
    let path = folder.join("demo-password");
    let failed = |error: std::io::Error| {
        CliError(format!(
            "cannot keep the password in {}: {error}",
            path.display()
        ))
    };
    let mut kept = String::new();
    match OpenOptions::new().read(true).open(&path) {
        Ok(mut file) => drop(file.read_to_string(&mut kept).map_err(failed)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            kept = format!("parrot-{}", &fresh_key().simple().to_string()[..12]);
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
                .map_err(failed)?;
            file.write_all(kept.as_bytes()).map_err(failed)?;
        }
        Err(error) => return Err(failed(error)),
    }
    Ok(kept.trim().to_owned())
}
