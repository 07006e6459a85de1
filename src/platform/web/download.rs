//! Files that the browser saves.

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use futures_util::Stream;

use crate::platform::error::AppError;

/// A CSV file to be saved under a name. Characters that do not belong in a plain file name become `-`.
#[must_use]
pub fn attachment(name: &str, bytes: Vec<u8>) -> HttpResponse {
    csv_answer(name).body(bytes)
}

/// The same for a file that is made while it is sent. A piece that fails cuts the transfer off, so that the browser knows the file
/// to be incomplete.
#[must_use]
pub fn attachment_in_pieces(
    name: &str,
    pieces: impl Stream<Item = Result<Bytes, AppError>> + 'static,
) -> HttpResponse {
    csv_answer(name).streaming(pieces)
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
