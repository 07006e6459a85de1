//! Files that the browser saves.

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use futures_util::{StreamExt, stream};

use super::PageOf;
use crate::platform::csv::{Cell, Csv};
use crate::platform::error::{AppError, AppResult};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileType {
    /// Comma-separated values with a header line, UTF-8.
    Csv,
    /// A workbook.
    Xlsx,
    /// Plain text, UTF-8.
    Text,
    /// XML, UTF-8.
    Xml,
}

impl FileType {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Text => "text/plain; charset=utf-8",
            Self::Xml => "application/xml; charset=utf-8",
        }
    }
}

/// A CSV file to be saved under a name. Characters that do not belong in a plain file name become `-`.
#[must_use]
pub fn attachment(name: &str, bytes: Vec<u8>) -> HttpResponse {
    attachment_of(FileType::Csv, name, bytes)
}

/// The same for a file of another type.
#[must_use]
pub fn attachment_of(file: FileType, name: &str, bytes: Vec<u8>) -> HttpResponse {
    answer(file, name).body(bytes)
}

/// A file that is made while it is sent, however long it is.
pub trait Pieces: 'static {
    /// The next piece; none when the file is complete.
    ///
    /// # Errors
    /// Those of whatever it is read from.
    fn next(&mut self) -> impl Future<Output = AppResult<Option<Bytes>>>;
}

/// The same for a CSV file in pieces. What is wrong at the first one is the answer; a later one that fails cuts the transfer off, so that
/// the browser knows the file to be incomplete.
///
/// # Errors
/// Those of the first piece.
pub async fn attachment_in_pieces(name: &str, file: impl Pieces) -> AppResult<HttpResponse> {
    attachment_in_pieces_of(FileType::Csv, name, file).await
}

/// The same for a file of another type.
///
/// # Errors
/// Those of the first piece.
pub async fn attachment_in_pieces_of(
    of: FileType,
    name: &str,
    mut file: impl Pieces,
) -> AppResult<HttpResponse> {
    let first = stream::iter(file.next().await?.map(Ok));
    let rest = stream::try_unfold(file, |mut file| async move {
        let piece = file.next().await?;
        Ok::<_, AppError>(piece.map(|piece| (piece, file)))
    });
    Ok(answer(of, name).streaming(first.chain(rest)))
}

fn answer(file: FileType, name: &str) -> HttpResponseBuilder {
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
    answer.content_type(file.content_type()).insert_header((
        header::CONTENT_DISPOSITION,
        format!("attachment; filename=\"{name}\""),
    ));
    answer
}

/// Rows in a piece of a file.
pub const PIECE: i64 = 1_000;

/// A list as a CSV file, read piece by piece while it is sent: `read` gives the piece after a cursor, with `PIECE` rows or fewer.
///
/// # Errors
/// Those of the first piece.
pub async fn attachment_of_list<R, F>(
    name: &str,
    header: &[String],
    read: R,
) -> AppResult<HttpResponse>
where
    R: FnMut(Option<String>) -> F + 'static,
    F: Future<Output = AppResult<PageOf<Vec<Cell>>>> + 'static,
{
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let file = ListFile {
        csv: Csv::new(&header),
        read,
        place: Place::At(None),
    };
    attachment_in_pieces(name, file).await
}

struct ListFile<R> {
    csv: Csv,
    read: R,
    place: Place,
}

/// Where a file goes on: after a cursor, or nowhere.
enum Place {
    At(Option<String>),
    End,
}

impl<R, F> Pieces for ListFile<R>
where
    R: FnMut(Option<String>) -> F + 'static,
    F: Future<Output = AppResult<PageOf<Vec<Cell>>>> + 'static,
{
    async fn next(&mut self) -> AppResult<Option<Bytes>> {
        let Place::At(cursor) = std::mem::replace(&mut self.place, Place::End) else {
            return Ok(None);
        };
        let page = (self.read)(cursor).await?;
        for row in &page.items {
            self.csv.row(row);
        }
        if page.next.is_some() {
            self.place = Place::At(page.next);
        }
        Ok(Some(self.csv.take().into()))
    }
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
