//! Photographs every screen of the list at every width, in both languages and both themes, and puts the pictures on one page.
//!
//! `tests/browser/contact-sheet [FOLDER]` builds what it needs and runs this.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use ates_browser::{Chromium, Outcome, Places, Product, SCREENS, Screen, Who};

/// Width and least height of the windows, in CSS pixels: the narrowest, a phone, a tablet, a desk, a large desk.
const WINDOWS: [(u32, u32); 5] = [
    (320, 640),
    (360, 780),
    (768, 1024),
    (1280, 800),
    (1920, 1080),
];
/// No picture is higher.
const TALLEST: u32 = 6000;

#[tokio::main]
async fn main() -> Outcome {
    let folder = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("target/contact-sheet"), PathBuf::from);
    let (product, places) = tokio::task::spawn_blocking(|| {
        let product = Product::of_company(Places::STATES);
        let places = Places::of(&product);
        (product, places)
    })
    .await?;
    let english = photograph_all(&product, &places, "en", &folder);
    let russian = photograph_all(&product, &places, "ru", &folder);
    let (english, russian) = tokio::join!(english, russian);
    english?;
    russian?;
    std::fs::write(folder.join("index.html"), sheet())?;
    println!("{}", folder.join("index.html").display());
    Ok(())
}

async fn photograph_all(product: &Product, places: &Places, lang: &str, folder: &Path) -> Outcome {
    let chromium = Chromium::start().await;
    let outcome = async {
        for theme in ["light", "dark"] {
            for who in Who::ALL {
                let client = tokio::task::block_in_place(|| who.client(&product.base));
                chromium
                    .become_(&product.base, &client, lang, theme)
                    .await?;
                for screen in asked_for().filter(|screen| screen.who == who) {
                    chromium.resize(1280, 800).await?;
                    screen.show(&chromium, &product.base, places).await?;
                    for (width, height) in WINDOWS {
                        let path = folder.join(name_of(screen, lang, theme, width));
                        let picture = chromium.picture(width, height, TALLEST).await?;
                        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
                        std::fs::write(path, picture)?;
                    }
                }
            }
        }
        Ok(())
    }
    .await;
    chromium.quit().await;
    outcome
}

/// All screens, or those that ATES_TEST_SCREENS names a part of.
fn asked_for() -> impl Iterator<Item = &'static Screen> {
    let part = std::env::var("ATES_TEST_SCREENS").unwrap_or_default();
    SCREENS
        .iter()
        .filter(move |screen| screen.name.contains(&part))
}

fn name_of(screen: &Screen, lang: &str, theme: &str, width: u32) -> String {
    format!("{}/{lang}-{theme}-{width}.png", screen.name)
}

/// The page with all pictures.
fn sheet() -> String {
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>aTES: contact sheet</title>
<style>body{font:14px sans-serif;margin:1rem}div{display:flex;gap:8px;align-items:start;overflow-x:auto}img{height:420px;object-fit:cover;object-position:top;border:1px solid #999}</style>
<h1>aTES: contact sheet</h1>\n",
    );
    for screen in asked_for() {
        let (name, path, who) = (screen.name, screen.path, screen.who);
        writeln!(page, "<h2>{name}</h2><p><code>{path}</code> {who:?}</p>")
            .expect("a string takes it");
        for lang in ["en", "ru"] {
            for theme in ["light", "dark"] {
                page.push_str("<div>");
                for (width, _) in WINDOWS {
                    let file = name_of(screen, lang, theme, width);
                    write!(
                        page,
                        "<a href=\"{file}\"><img loading=\"lazy\" src=\"{file}\" alt=\"{name}, {lang}, {theme}, {width} px\"></a>"
                    )
                    .expect("a string takes it");
                }
                page.push_str("</div>\n");
            }
        }
    }
    page.push_str("</html>\n");
    page
}
