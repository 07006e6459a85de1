//! Files that the browser saves.

use actix_web::HttpResponse;
use actix_web::http::header;

/// A CSV file to be saved under a name. Characters that do not belong in a plain file name become `-`.
#[must_use]
pub fn attachment(name: &str, bytes: Vec<u8>) -> HttpResponse {
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
    HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .body(bytes)
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
