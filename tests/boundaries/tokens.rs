//! What a source file names, taken from its tokens: comments and layout play no part.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What a source file names.
#[derive(Default)]
pub struct Named {
    /// Paths from the crate's root.
    pub paths: Vec<String>,
    /// Paths into diesel and actix.
    pub foreign: Vec<String>,
    /// String literals outside attributes.
    pub texts: Vec<String>,
    /// Templates of `#[template(..)]`.
    pub templates: Vec<String>,
}

/// What a file names whose module has the path `here`.
pub fn names_in(source: &str, here: &[String]) -> Named {
    let mut named = Named::default();
    collect(source.parse().unwrap(), here, None, &mut named);
    named
}

fn ident(tokens: &[TokenTree], at: usize) -> Option<String> {
    match tokens.get(at)? {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    }
}

fn is_punct(tokens: &[TokenTree], at: usize, wanted: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn colons(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens, at, ':') && is_punct(tokens, at + 1, ':')
}

/// Follows a path whose head is before `at` to all its ends; `super` goes up.
fn follow(tokens: &[TokenTree], mut at: usize, mut path: Vec<String>, ends: &mut Vec<String>) {
    while colons(tokens, at) {
        at += 2;
        match tokens.get(at) {
            Some(TokenTree::Ident(name)) if name == "super" => drop(path.pop()),
            Some(TokenTree::Ident(name)) => path.push(name.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
                for branch in inner.split(is_comma).filter(|branch| !branch.is_empty()) {
                    let mut path = path.clone();
                    path.extend(ident(branch, 0).filter(|name| name != "self"));
                    follow(branch, 1, path, ends);
                }
                return;
            }
            _ => break,
        }
        at += 1;
    }
    ends.push(path.join("::"));
}

/// Collects what tokens name; `here` is the path of the module that they are in.
fn collect(stream: TokenStream, here: &[String], attribute: Option<&str>, named: &mut Named) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    for at in 0..tokens.len() {
        match &tokens[at] {
            TokenTree::Group(group) => {
                let is_attribute = group.delimiter() == Delimiter::Bracket
                    && (is_punct(&tokens, at.wrapping_sub(1), '#')
                        || is_punct(&tokens, at.wrapping_sub(2), '#'));
                let first = group.stream().into_iter().next();
                let name = first
                    .filter(|_| is_attribute)
                    .map(|first| first.to_string());
                let attribute = attribute.or(name.as_deref());
                let mut here = here.to_vec();
                if at > 1
                    && ident(&tokens, at - 2).as_deref() == Some("mod")
                    && group.delimiter() == Delimiter::Brace
                {
                    here.extend(ident(&tokens, at - 1));
                }
                collect(group.stream(), &here, attribute, named);
            }
            TokenTree::Literal(literal) => match attribute {
                None => named.texts.push(literal.to_string()),
                Some("template") => named.templates.push(literal.to_string()),
                Some(_) => {}
            },
            TokenTree::Ident(head) if at < 2 || !colons(&tokens, at - 2) => {
                let head = head.to_string();
                let used = at > 0 && ident(&tokens, at - 1).as_deref() == Some("use");
                match head.as_str() {
                    "crate" | "ates" if colons(&tokens, at + 1) => {
                        follow(&tokens, at + 1, Vec::new(), &mut named.paths)
                    }
                    "super" if colons(&tokens, at + 1) => {
                        let parent = here[..here.len().saturating_sub(1)].to_vec();
                        follow(&tokens, at + 1, parent, &mut named.paths);
                    }
                    "diesel" | "actix_web" if used || colons(&tokens, at + 1) => {
                        follow(&tokens, at + 1, vec![head], &mut named.foreign);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}
