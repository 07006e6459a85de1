//! The drawing itself, by the crate kuva; what it writes is made fit for a page.

use std::sync::Arc;

use kuva::backend::svg::SvgBackend;
use kuva::plot::BarPlot;
use kuva::plot::annotations::ReferenceLine;
use kuva::render::layout::{AxisLabelOverlap, Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::render_multiple;
use kuva::render::theme::Theme;

use super::Measure;
use crate::platform::i18n::Lang;

/// The size of a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Canvas {
    /// The class by which the style sheet shows it or not.
    pub class: &'static str,
    pub width: f64,
    pub height: f64,
    /// The size of its text.
    pub text: u32,
}

/// A bar.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bar {
    pub label: String,
    pub value: f64,
}

/// The elements of the picture, without the element around them.
pub(super) fn draw(canvas: Canvas, bars: &[Bar], measure: Measure, lang: Lang) -> String {
    let [above, below] = measure.colours();
    let coloured = bars.iter().map(|bar| {
        let colour = if bar.value < 0.0 { below } else { above };
        (bar.label.clone(), bar.value, colour)
    });
    let plots: Vec<Plot> = vec![
        BarPlot::new()
            .with_width(0.7)
            .with_colored_bars(coloured)
            .into(),
    ];
    let theme = Theme {
        background: "none".into(),
        axis_color: "var(--line-strong)".into(),
        grid_color: "var(--line)".into(),
        tick_color: "var(--line-strong)".into(),
        text_color: "currentColor".into(),
        font_family: None,
        ..Theme::light()
    };
    let zero = ReferenceLine::horizontal(0.0)
        .with_color("var(--line-strong)")
        .with_stroke_width(1.0)
        .with_dasharray("none");
    let layout = Layout::auto_from_plots(&plots)
        .with_theme(theme)
        .with_width(canvas.width)
        .with_height(canvas.height)
        .with_tick_size(canvas.text)
        .with_ticks(4)
        .with_x_label_overlap(AxisLabelOverlap::Thin)
        .with_y_tick_format(TickFormat::Custom(Arc::new(move |value| {
            figure(value, measure, lang)
        })))
        .with_reference_line(zero);
    let drawn = SvgBackend::new().render_scene(&render_multiple(plots, layout));
    content_of(&drawn)
}

/// What stands inside the outermost element, without the comment of who drew it.
fn content_of(drawn: &str) -> String {
    let inner = drawn.split_once('>').map_or("", |(_, rest)| rest);
    let inner = inner.rsplit_once("</svg>").map_or(inner, |(rest, _)| rest);
    match inner.trim_start().strip_prefix("<!--") {
        Some(comment) => comment.split_once("-->").map_or("", |(_, rest)| rest),
        None => inner,
    }
    .trim()
    .to_owned()
}

/// A figure beside the axis: as short as it can be; none between two whole ones of what can only be counted.
pub(super) fn figure(value: f64, measure: Measure, lang: Lang) -> String {
    if measure == Measure::Count && value.fract() != 0.0 {
        return String::new();
    }
    let size = value.abs();
    let (shown, unit) = match size {
        size if size >= 1_000_000.0 => (
            size / 1_000_000.0,
            if lang == Lang::Ru { " млн" } else { "M" },
        ),
        size if size >= 10_000.0 => (size / 1_000.0, if lang == Lang::Ru { " тыс." } else { "k" }),
        size => (size, ""),
    };
    let text = if (shown - shown.round()).abs() < 0.05 {
        format!("{shown:.0}")
    } else {
        format!("{shown:.1}")
    };
    let text = match lang {
        Lang::Ru => text.replace('.', ","),
        Lang::En => text,
    };
    let sign = if value < 0.0 { "\u{2212}" } else { "" };
    format!("{sign}{text}{unit}")
}
