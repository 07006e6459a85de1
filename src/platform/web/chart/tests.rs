//! Charts: what they show, and what a page must not get with them.

use actix_web::test::TestRequest;
use actix_web::web::Data;
use scraper::{Html, Selector};

use super::*;
use crate::platform::config::Config;
use crate::platform::web::WebSettings;

fn frame() -> Frame {
    let config = Config::from_values([]).unwrap();
    let settings = Data::new(WebSettings::new(&config, false));
    Frame::of(&TestRequest::default().app_data(settings).to_http_request())
}

fn days(count: u64, value: impl Fn(u64) -> i64) -> Vec<(NaiveDate, i64)> {
    let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    (0..count)
        .map(|day| (first + chrono::Days::new(day), value(day)))
        .collect()
}

fn chart(days: &[(NaiveDate, i64)]) -> String {
    let frame = frame();
    frame
        .day_chart("earned", "Earned & kept".into(), Measure::Money, days)
        .unwrap()
        .to_string()
}

#[test]
fn n06_a_chart_has_a_title_a_sentence_and_ids_of_its_own_and_brings_neither_style_nor_script() {
    let text = chart(&days(7, |day| 1_000 - 500 * day as i64));
    let html = Html::parse_fragment(&text);
    let all = |selector: &str| {
        let selector = Selector::parse(selector).unwrap();
        html.select(&selector).count()
    };
    assert_eq!(all("figure#earned > svg[role=img][viewBox]"), 2);
    assert_eq!((all("svg > title"), all("svg > desc")), (2, 2));
    assert_eq!((all("style"), all("script"), all("[style]")), (0, 0, 0));
    assert!(all("rect[fill='var(--neg)']") > 0 && all("rect[fill='var(--accent)']") > 0);
    assert!(text.contains("Earned &#38; kept"), "{text}");
    let mut ids: Vec<&str> = text.split(" id=\"").skip(1).collect();
    ids.iter_mut()
        .for_each(|id| *id = id.split('"').next().unwrap());
    let known = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), known, "{ids:?}");
    assert!(text.len() < 12_000, "{} bytes", text.len());
}

#[test]
fn n06_a_long_range_has_a_bar_for_each_month() {
    let html = Html::parse_fragment(&chart(&days(365, |_| 100)));
    let bars = Selector::parse("svg.wide rect[fill='var(--accent)']").unwrap();
    assert_eq!(html.select(&bars).count(), 12);
}

#[test]
fn n06_days_without_a_figure_are_drawn_and_no_days_make_no_chart() {
    assert!(chart(&days(3, |_| 0)).contains("<svg"));
    let frame = frame();
    let none = frame.day_chart("earned", String::new(), Measure::Count, &[]);
    assert!(none.is_none());
}

#[test]
fn n06_the_axis_of_people_names_whole_people() {
    let of = |value: f64, measure: Measure| drawing::figure(value, measure, i18n::Lang::Ru);
    assert_eq!(of(2.5, Measure::Count), "");
    assert_eq!(of(5.0, Measure::Count), "5");
    assert_eq!(of(2.5, Measure::Money), "2,5");
    assert_eq!(of(12_500.0, Measure::Count), "12,5 тыс.");
}
