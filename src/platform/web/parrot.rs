//! Avatars: a parrot for every person, drawn from the bytes of their id, so nobody uploads anything. Presentation attributes
//! only, as the content security policy wants.

use std::fmt::Write;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::platform::error::{AppError, AppResult};

/// Head, body, cheek, beak, crest, background of a species.
type Palette = [&'static str; 6];

const PALETTES: [Palette; 12] = [
    [
        "#D8372B", "#B3261E", "#FFF3E6", "#3A3A3A", "#F2B632", "#FBE3DC",
    ],
    [
        "#1E6FC2", "#E9A820", "#FFFFFF", "#2E2E2E", "#2FA36B", "#DDEBFA",
    ],
    [
        "#F4F1EA", "#E2DDD0", "#F7C9C0", "#4A4A4A", "#F2C230", "#E4E7F5",
    ],
    [
        "#F2D64B", "#3FA34D", "#3B6FD1", "#D9A441", "#3FA34D", "#E3F3DC",
    ],
    [
        "#F5F8FA", "#4A9BD9", "#7C5CC4", "#C9A24A", "#4A9BD9", "#DFF0FA",
    ],
    [
        "#9AA3AB", "#7C868F", "#E8ECEF", "#2B2F33", "#C5342B", "#ECEAE2",
    ],
    [
        "#E8663C", "#4BA65A", "#F5A488", "#F1C9A5", "#E8663C", "#FDE9DC",
    ],
    [
        "#2C9A4B", "#1F7A3A", "#E1492F", "#F0A13A", "#2C9A4B", "#DDF1E8",
    ],
    [
        "#F5A623", "#E98A15", "#F26A3D", "#2F2F2F", "#F7D154", "#FFF0CF",
    ],
    [
        "#E58FA3", "#8C939B", "#F6C3CF", "#D9CFC0", "#F6DCE1", "#FBE6EC",
    ],
    [
        "#2A49B8", "#1F3894", "#F4C430", "#1F1F1F", "#2A49B8", "#E0E4F8",
    ],
    [
        "#7A2E8E", "#C93A32", "#F28C28", "#F28C28", "#2C9A4B", "#EFE2F3",
    ],
];

const CRESTS: [&str; 4] = [
    r#"<path d="M30 16C24 4 18 5 16 8c5 1 8 6 9 11zM36 15C34 3 28 1 25 3c4 3 6 8 6 13z"/>"#,
    r#"<path d="M20 22C12 12 12 6 15 5c2 5 6 9 11 12zM27 17C22 7 24 2 28 2c0 5 2 9 6 13zM35 15c-1-8 3-11 7-10-2 4-2 8-1 12z"/>"#,
    r#"<path d="M17 26C8 20 6 13 8 11c5 4 10 6 17 6z"/>"#,
    r#"<circle cx="29" cy="13" r="4"/><circle cx="36" cy="12" r="4"/>"#,
];

const ACCESSORIES: [&str; 4] = [
    r##"<g fill="none" stroke="#16201B" stroke-width="1.6"><circle cx="37" cy="27" r="6.4"/><path d="M31 26l-13-2"/></g>"##,
    r##"<path fill="#2B3A55" d="M31 47l4 3-4 4 3 10h-8l3-10-3-4z"/>"##,
    r##"<path fill="#33475B" d="M16 24c1-12 9-15 16-15s15 4 16 11z"/><path fill="#22313F" d="M44 18c7 0 12 2 14 4-5 1-10 0-14-1z"/>"##,
    r##"<path fill="none" stroke="#33475B" stroke-width="2.4" d="M15 30a17 17 0 0 1 32-9"/><rect fill="#33475B" x="12" y="27" width="8" height="11" rx="3.5"/>"##,
];

/// An open ledger with its lines.
const LEDGER: &str = r##"<path fill="#FFFDF6" stroke="#16201B" stroke-width="1.2" d="M8 51c8-3 14-2 19 1 5-3 11-4 19-1v12H8z"/><path fill="none" stroke="#857F72" stroke-width="1.2" d="M12 55c4-1 8-1 11 0M12 59c4-1 8-1 11 0M31 55c4-1 8-1 11 0M31 59c4-1 8-1 11 0M27 52v11"/>"##;

/// How a bird looks at the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// As everybody does at work.
    Awake,
    /// With closed eyes: where there is nothing to do.
    Asleep,
    /// With wide eyes and an open beak: where something went wrong.
    Startled,
    /// With glasses, a tie and an open ledger: where money is paid out.
    Banker,
}

/// The parts of a bird.
struct Bird {
    palette: Palette,
    crest: usize,
    eye: usize,
    accessory: usize,
    flip: bool,
    stripes: bool,
    mood: Mood,
}

/// The parrot of a person as an SVG document; the same id gives the same bird for ever.
#[must_use]
pub fn svg(uid: Uuid) -> String {
    let hash = Sha256::digest(uid.as_bytes());
    let pick = |byte: usize, of: usize| usize::from(hash[byte]) % of;
    draw(&Bird {
        palette: PALETTES[pick(0, 12)],
        crest: pick(1, 5),
        eye: pick(2, 3),
        accessory: pick(3, 8),
        flip: pick(4, 2) == 1,
        stripes: pick(5, 2) == 1,
        mood: Mood::Awake,
    })
}

/// The bird of an empty list (`asleep`), of an error page (`startled`) or of the payouts (`banker`); nobody's own.
#[must_use]
pub fn in_mood(mood: &str) -> Option<String> {
    let (palette, crest, accessory, mood) = match mood {
        "asleep" => (PALETTES[7], 1, 0, Mood::Asleep),
        "startled" => (PALETTES[0], 2, 0, Mood::Startled),
        "banker" => (PALETTES[5], 3, 1, Mood::Banker),
        _ => return None,
    };
    Some(draw(&Bird {
        palette,
        crest,
        eye: 0,
        accessory,
        flip: false,
        stripes: true,
        mood,
    }))
}

fn draw(bird: &Bird) -> String {
    let Bird {
        palette,
        crest,
        eye,
        accessory,
        flip,
        stripes,
        mood,
    } = *bird;
    let [head, body, cheek, beak, crest_colour, background] = palette;
    let mut out = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><clipPath id="c"><rect width="64" height="64" rx="14"/></clipPath><rect width="64" height="64" rx="14" fill="{background}"/><g clip-path="url(#c)"><g{}>"#,
        if flip {
            r#" transform="translate(64 0) scale(-1 1)""#
        } else {
            ""
        },
    );
    if let Some(shape) = crest.checked_sub(1).and_then(|index| CRESTS.get(index)) {
        let _ = write!(out, r#"<g fill="{crest_colour}">{shape}</g>"#);
    }
    let _ = write!(
        out,
        r#"<path fill="{body}" d="M6 64c0-16 8-26 24-26s25 10 26 26z"/>"#
    );
    if stripes {
        let _ = write!(
            out,
            r#"<path fill="none" stroke="{head}" stroke-width="2.5" opacity=".7" d="M14 64c0-8 3-13 8-16M24 64c0-6 1-10 4-13"/>"#
        );
    }
    let _ = write!(
        out,
        r#"<circle fill="{head}" cx="32" cy="30" r="17"/><path fill="{cheek}" d="M35 22c8-2 13 3 13 10s-5 11-11 10c-6-1-9-6-8-12 0-4 2-7 6-8z"/><g fill="{beak}"><path d="M44 25c9-1 14 5 13 13 0 4-2 7-4 8 0-5-2-7-9-8-2-5-2-9 0-13z"/><path opacity=".75"{} d="M43 39c5 0 7 2 7 5-3 2-7 1-8-2z"/></g>"#,
        if mood == Mood::Startled {
            r#" transform="translate(-1 5)""#
        } else {
            ""
        }
    );
    out.push_str(match (mood, eye) {
        (Mood::Asleep, _) => {
            r##"<path fill="none" stroke="#16201B" stroke-width="2" stroke-linecap="round" d="M33 26.5q4 4 8 0"/><path fill="none" stroke="#16201B" stroke-width="1.8" d="M46 12h6l-6 7h6M52 5h4l-4 5h4"/>"##
        }
        (Mood::Startled, _) => {
            r##"<circle fill="#FFFFFF" cx="37" cy="26" r="6.6"/><circle fill="#16201B" cx="38" cy="26" r="2"/>"##
        }
        (Mood::Awake, 1) => {
            r##"<circle fill="#FFFFFF" cx="37" cy="27" r="4.6"/><path fill="none" stroke="#16201B" stroke-width="2" stroke-linecap="round" d="M33.5 27.5q3.5-3.6 7 0"/>"##
        }
        (Mood::Awake, 2) => {
            r##"<circle fill="#FFE9A8" cx="37" cy="27" r="4.6"/><circle fill="#16201B" cx="38" cy="27.4" r="2.5"/><circle fill="#FFFFFF" cx="38.9" cy="26.5" r=".8"/>"##
        }
        (Mood::Awake | Mood::Banker, _) => {
            r##"<circle fill="#FFFFFF" cx="37" cy="27" r="4.6"/><circle fill="#16201B" cx="38" cy="27.4" r="2.5"/><circle fill="#FFFFFF" cx="38.9" cy="26.5" r=".8"/>"##
        }
    });
    if let Some(shape) = accessory
        .checked_sub(1)
        .and_then(|index| ACCESSORIES.get(index))
    {
        out.push_str(shape);
    }
    if mood == Mood::Banker {
        out.push_str(ACCESSORIES[1]);
        out.push_str(LEDGER);
    }
    out.push_str("</g></g></svg>");
    out
}

/// `GET /avatars/{uid}.svg`: anybody may see a bird; it says nothing about whether such a person exists. A mood in place of the id is
/// the bird of that mood.
pub(super) async fn show_avatar(whose: web::Path<String>) -> AppResult<HttpResponse> {
    let bird = match in_mood(&whose) {
        Some(bird) => bird,
        None => svg(whose.parse().map_err(|_| AppError::NotFound)?),
    };
    Ok(HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(bird))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn birds_are_the_same_for_an_id_and_differ_between_ids() {
        assert_eq!(svg(Uuid::from_u128(7)), svg(Uuid::from_u128(7)));
        let birds: BTreeSet<String> = (0..500).map(|n| svg(Uuid::from_u128(n))).collect();
        assert!(birds.len() > 400, "{}", birds.len());
        assert!(
            birds.iter().all(|bird| bird.len() < 2_200
                && !bird.contains("style")
                && !bird.contains("script"))
        );
    }

    #[test]
    fn a_bird_sleeps_where_nothing_is_to_do_starts_where_something_broke_and_keeps_the_books() {
        let birds = ["asleep", "startled", "banker"].map(|mood| in_mood(mood).unwrap());
        assert_eq!(birds.iter().collect::<BTreeSet<_>>().len(), 3);
        for bird in birds {
            assert!(
                bird.ends_with("</g></g></svg>") && bird.len() < 2_600,
                "{bird}"
            );
            assert!(!bird.contains("style") && !bird.contains("script"));
        }
        assert_eq!(in_mood("angry"), None);
    }
}
