//! What holds for every operation alike, so that no handler has to say it: who is refused, what is wrong with a request, when to come
//! again, and what a read answers to who knows its answer already.

use utoipa::openapi::header::Header;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{Content, ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};

use crate::platform::web::api::text;

const PROBLEM: &str = "application/problem+json";

/// Adds what is missing; what an operation says itself stays, and gets its form.
pub(super) fn complete(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            finish(path, method, operation);
        }
    }
}

/// The operations of a path, each with its method.
pub(super) fn operations(
    item: &mut PathItem,
) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("GET", item.get.as_mut()),
        ("POST", item.post.as_mut()),
        ("PUT", item.put.as_mut()),
        ("PATCH", item.patch.as_mut()),
        ("DELETE", item.delete.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation?)))
}

/// Whether an operation asks for nobody's token.
pub(super) fn is_public(operation: &Operation) -> bool {
    operation.security.is_some()
}

/// Whether queries are held to the document: monitors and finders of keys may add what they like.
pub(super) fn is_strict(path: &str) -> bool {
    path.starts_with("/api/")
}

fn finish(path: &str, method: &str, operation: &mut Operation) {
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        let contents = body.content.values_mut();
        contents.for_each(leave_out_null);
    }
    if !is_strict(path) {
        if path.starts_with("/.well-known/") {
            add(operation, "503", "The database is away; try again later");
        }
        return form(operation);
    }
    if !is_public(operation) {
        add(operation, "401", "No token, or one that is worth nothing");
        add(operation, "403", "Signed in, but not allowed");
    }
    if path.contains('{') {
        add(operation, "404", "Unknown, or not theirs to know");
    }
    if operation.request_body.is_some() {
        add(operation, "400", "The body is no JSON");
        add(operation, "408", "The body did not come in time");
        add(operation, "413", "The body is longer than 64 KiB");
        add(operation, "415", "The body is of another type");
    }
    add(
        operation,
        "422",
        "Something is wrong with what was sent; `errors` names the fields",
    );
    add(
        operation,
        "503",
        "The database is away or the emergency stop is set; try again later",
    );
    if method == "POST" && !is_public(operation) {
        let parameters = operation.parameters.get_or_insert_default();
        parameters.push(RefOr::T(request_key()));
        add(
            operation,
            "409",
            "The same request, by its key, is still under way",
        );
    }
    if method == "GET" {
        let unchanged = ResponseBuilder::new()
            .description("As it was when it had the `ETag` that was shown")
            .header("etag", text_header("The digest of the answer"))
            .build();
        put(operation, "304", unchanged);
        if let Some(RefOr::T(answer)) = operation.responses.responses.get_mut("200") {
            answer.headers.insert(
                "etag".to_owned(),
                RefOr::T(text_header("The digest of the answer")),
            );
        }
    }
    form(operation);
}

/// A body that may be left out is no body that may be `null`.
fn leave_out_null(content: &mut RefOr<Content>) {
    let RefOr::T(content) = content else { return };
    if let Some(RefOr::T(Schema::OneOf(choices))) = &mut content.schema
        && let [one @ RefOr::Ref(_), RefOr::T(Schema::Object(other))] = choices.items.as_slice()
        && other.schema_type == Type::Null.into()
    {
        content.schema = Some(one.clone());
    }
}

fn add(operation: &mut Operation, status: &str, description: &str) {
    put(operation, status, Response::new(description));
}

fn put(operation: &mut Operation, status: &str, answer: Response) {
    operation
        .responses
        .responses
        .entry(status.to_owned())
        .or_insert(RefOr::T(answer));
}

/// Gives every refusal the form of a problem document, with the headers that it has.
fn form(operation: &mut Operation) {
    for (status, answer) in &mut operation.responses.responses {
        let RefOr::T(answer) = answer else { continue };
        if !status.starts_with('4') && !status.starts_with('5') {
            continue;
        }
        if answer.content.is_empty() {
            let problem = Ref::from_schema_name("Problem");
            let content = ContentBuilder::new().schema(Some(problem)).build();
            answer.content.insert(PROBLEM.to_owned(), RefOr::T(content));
        }
        let header = match status.as_str() {
            "401" => Some(("www-authenticate", text_header("`Bearer`"))),
            "429" | "503" => Some(("retry-after", seconds_header())),
            _ => None,
        };
        if let Some((name, header)) = header {
            answer.headers.insert(name.to_owned(), RefOr::T(header));
        }
    }
}

/// `Idempotency-Key`, as every operation that changes something takes it.
fn request_key() -> Parameter {
    let key = text(1, 255, "^[!-~]+$");
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "Sent again within seven days with the same body: the same answer and one effect. With another body: 422",
        ))
        .schema(Some(key))
        .build()
}

fn text_header(description: &str) -> Header {
    let mut header = Header::new(ObjectBuilder::new().schema_type(Type::String));
    header.description = Some(description.to_owned());
    header
}

fn seconds_header() -> Header {
    let seconds = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1));
    let mut header = Header::new(seconds);
    header.description = Some("Seconds to wait before the next try".to_owned());
    header
}
