//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header;
use uuid::Uuid;

use super::data;
use crate::platform::config::Config;
use crate::platform::db::Origin;
use crate::platform::web;

/// Who and what starts a unit of work.
pub(in crate::auth) fn origin_of(request: &HttpRequest, actor: Option<Uuid>) -> Origin {
    Origin {
        actor,
        address: address_of(request),
        agent: agent_of(request),
        correlation: Some(web::request_id(request)),
    }
}

/// Letters of the name of a program that the audit keeps.
const AGENT_LENGTH: usize = 200;

/// What a request says it was sent by, cut to a length, without what cannot be seen.
fn agent_of(request: &HttpRequest) -> Option<String> {
    let name = request.headers().get(header::USER_AGENT)?;
    let name = String::from_utf8_lossy(name.as_bytes());
    let seen = name.chars().filter(|letter| !letter.is_control());
    Some(seen.take(AGENT_LENGTH).collect())
}

/// Where a request comes from: the peer, or what a trusted proxy says of it, read from the right. A hop that is no address ends the
/// reading, since what stands left of it is nobody's word; so the last proxy that is trusted counts then.
pub(super) fn address_of(request: &HttpRequest) -> Option<String> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let trusted = data::<Config>(request)
        .map(|config| config.trusted_proxies.clone())
        .unwrap_or_default();
    if !trusted.contains(&peer) {
        return Some(peer.to_string());
    }
    let lines: Vec<_> = request.headers().get_all("x-forwarded-for").collect();
    let hops = lines
        .iter()
        .rev()
        .flat_map(|line| line.to_str().unwrap_or("?").rsplit(','));
    let mut nearest = peer;
    for hop in hops {
        let Some(address) = hop_address(hop.trim()) else {
            break;
        };
        nearest = address;
        if !trusted.contains(&address) {
            break;
        }
    }
    Some(nearest.to_string())
}

/// A hop as proxies write it: an address, with or without a port.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    let with_port = || hop.parse::<SocketAddr>().ok().map(|hop| hop.ip());
    bare.parse().ok().or_else(with_port)
}
