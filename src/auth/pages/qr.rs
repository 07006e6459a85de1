//! A QR code as a drawing inside the page: no picture to fetch, no script, black on white in every theme.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

use crate::platform::error::{AppError, AppResult};

/// Modules of white around the code, as its standard wants them.
const MARGIN: usize = 4;

/// A QR code, ready to be drawn.
pub(super) struct Qr {
    /// Width and height in modules, margin included.
    pub size: usize,
    /// The dark modules as the path of an SVG.
    pub path: String,
}

impl Qr {
    /// The code of a text.
    ///
    /// # Errors
    /// Internal, when the text is too long for any code.
    pub fn of(text: &str) -> AppResult<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M)
            .map_err(|error| AppError::internal(format!("no QR code: {error}")))?;
        let width = code.width();
        let mut path = String::new();
        for (index, color) in code.to_colors().into_iter().enumerate() {
            if color == Color::Dark {
                let (x, y) = (index % width + MARGIN, index / width + MARGIN);
                // Writing into a text cannot fail.
                let _ = write!(path, "M{x} {y}h1v1h-1z");
            }
        }
        Ok(Self {
            size: width + 2 * MARGIN,
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_margin_and_its_three_corners() {
        let qr = Qr::of("otpauth://totp/aTES:kesha?secret=GEZDGNBVGY3TQOJQ&issuer=aTES").unwrap();
        let last = qr.size - MARGIN - 1;
        for corner in [(MARGIN, MARGIN), (last, MARGIN), (MARGIN, last)] {
            assert!(
                qr.path
                    .contains(&format!("M{} {}h1v1h-1z", corner.0, corner.1)),
                "{corner:?}"
            );
        }
        assert!(!qr.path.contains("M3 ") && !qr.path.contains(&format!("M{} ", last + 1)));
    }
}
