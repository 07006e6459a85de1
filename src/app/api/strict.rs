//! Queries are held to the document: a parameter that an operation does not have is refused by its name, and so is a value that is no
//! text (A24).

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use percent_encoding::percent_decode_str;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::ParameterIn;

use super::complete::{is_public, is_strict, operations};
use crate::platform::web::Face;

/// What an operation takes in its query.
struct Rules {
    names: BTreeSet<String>,
    is_public: bool,
}

/// The rules of each operation, by method and by path as it is registered.
fn rules() -> &'static HashMap<(&'static str, String), Rules> {
    static RULES: OnceLock<HashMap<(&'static str, String), Rules>> = OnceLock::new();
    RULES.get_or_init(|| {
        let mut rules = HashMap::new();
        let mut paths = super::document().paths.paths.clone();
        for (path, item) in &mut paths {
            for (method, operation) in operations(item) {
                let parameters = operation.parameters.iter().flatten();
                let names = parameters
                    .filter_map(|parameter| match parameter {
                        RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => {
                            Some(parameter.name.clone())
                        }
                        _ => None,
                    })
                    .collect();
                let is_public = is_public(operation);
                rules.insert((method, path.clone()), Rules { names, is_public });
            }
        }
        rules
    })
}

/// Refuses a query that the operation does not have.
///
/// # Errors
/// Those of the service inside.
pub async fn strict_queries(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Some(face) = misfit(&request) {
        return Ok(request.error_response(face));
    }
    next.call(request)
        .await
        .map(ServiceResponse::map_into_boxed_body)
}

fn misfit(request: &ServiceRequest) -> Option<Face> {
    let query = request.query_string();
    if let Some(pair) = query.split('&').find(|pair| pair.contains("%00")) {
        // No name and no value of ours has a NUL, and the database has no place for it: on no page either.
        let name = pair.split('=').next().and_then(decoded);
        let name = name.filter(|name| !name.contains('\0'));
        let name = name.unwrap_or_else(|| "query".to_owned());
        return Some(Face::invalid_at(name, "field-control-characters"));
    }
    if query.is_empty() || !is_strict(request.path()) {
        return None;
    }
    let method = rules()
        .keys()
        .map(|(method, _)| *method)
        .find(|method| *method == request.method().as_str())?;
    let rules = rules().get(&(method, request.match_pattern()?))?;
    // Who shows no token hears of that first.
    if !rules.is_public && !request.headers().contains_key(header::AUTHORIZATION) {
        return None;
    }
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .find_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name), decoded(value));
            let is_known = name
                .as_deref()
                .is_some_and(|name| rules.names.contains(name));
            let message = match value.as_deref() {
                // What is not to be said is left out.
                _ if !is_known => "field-not-understood",
                Some("") => "field-required",
                Some(value) if !value.contains(char::is_control) => return None,
                _ => "field-control-characters",
            };
            let name = name.unwrap_or_else(|| "query".to_owned());
            Some(Face::invalid_at(name, message))
        })
}

/// What was written with `%` and `+`, if it is a text.
fn decoded(part: &str) -> Option<String> {
    let spaced = part.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .ok()
        .map(|text| text.into_owned())
}
