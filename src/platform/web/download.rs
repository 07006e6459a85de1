//! Files that the browser saves.

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use futures_util::{StreamExt, stream};

use crate::platform::error::{AppError, AppResult};

/// A CSV file to be saved under a name. Characters that do not belong in a plain file name become `-`.
#[must_use]
pub fn attachment(name: &str, bytes: Vec<u8>) -> HttpResponse {
    csv_answer(name).body(bytes)
}

/// A file that is made while it is sent, however long it is.
pub trait Pieces: 'static {
    /// The next piece; none when the file is complete.
    ///
    /// # Errors
    /// Those of whatever it is read from.
    fn next(&mut self) -> impl Future<Output = AppResult<Option<Bytes>>>;
}

/// The same for a file in pieces. What is wrong at the first one is the answer; a later one that fails cuts the transfer off, so that
/// the browser knows the file to be incomplete.
///
/// # Errors
/// Those of the first piece.
pub async fn attachment_in_pieces(name: &str, mut file: impl Pieces) -> AppResult<HttpResponse> {
    let first = stream::iter(file.next().await?.map(Ok));
    let rest = stream::try_unfold(file, |mut file| async move {
        let piece = file.next().await?;
        Ok::<_, AppError>(piece.map(|piece| (piece, file)))
    });
    Ok(csv_answer(name).streaming(first.chain(rest)))
}

fn csv_answer(name: &str) -> HttpResponseBuilder {
    let name: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
                c
            } else {
                '-'
            }
        })
        .collect();
    let mut answer = HttpResponse::Ok();
    answer
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_cannot_break_out_of_its_header() {
        let answer = attachment("log\"; x=\r\n.csv", Vec::new());
        let header = answer
            .headers()
            .get(header::CONTENT_DISPOSITION)
            .unwrap()
            .to_str()
            .unwrap();
        assert_eq!(header, "attachment; filename=\"log---x---.csv\"");
    }
}
