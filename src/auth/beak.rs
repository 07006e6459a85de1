//! The shape of a beak: a line that is drawn, or cells that are chosen in order, as one and the same sequence of cells (A02).
//!
//! Where it is drawn and how large does not matter: the shape is stretched over a grid of four by four cells, and what counts is
//! through which of them it goes, in which order.

/// Cells along each side of the grid.
pub(super) const SIDE: usize = 4;

/// Cells or points that a shape may be given by.
const MOST: usize = 512;

/// How near to the middle of a cell a line must come to go through it, in cells. Less than the half, so that a line between two
/// cells goes through neither.
const NEAR: f64 = 0.33;

/// Cells that a shape goes through at least, different ones at least, and how often it turns at least.
const CELLS: usize = 6;
const DIFFERENT: usize = 5;
const TURNS: usize = 2;

/// How narrow a shape may be, against its longer side.
const NARROW: f64 = 0.2;

/// Why a shape is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShapeError {
    /// It is neither cells such as `A1 B2` nor points such as `10,20 30,40`.
    NotUnderstood,
    /// It is a line or has too few cells or turns.
    TooSimple,
}

/// A shape: the cells it goes through, in order, numbered row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape(Vec<u8>);

impl Shape {
    /// Reads a shape, given by cells or by points.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ShapeError> {
        let points = points_of(text).ok_or(ShapeError::NotUnderstood)?;
        let shape = Self(cells_of(&points).ok_or(ShapeError::TooSimple)?);
        if shape.is_simple() {
            return Err(ShapeError::TooSimple);
        }
        Ok(shape)
    }

    /// What is hashed.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn is_simple(&self) -> bool {
        let mut different = self.0.clone();
        different.sort_unstable();
        different.dedup();
        self.0.len() < CELLS || different.len() < DIFFERENT || self.turns() < TURNS
    }

    fn turns(&self) -> usize {
        let place = |cell: u8| {
            let cell = i32::from(cell);
            let side = i32::try_from(SIDE).unwrap_or(1);
            (cell % side, cell / side)
        };
        let steps: Vec<(i32, i32)> = self
            .0
            .windows(2)
            .map(|two| {
                let ((x, y), (to_x, to_y)) = (place(two[0]), place(two[1]));
                (to_x - x, to_y - y)
            })
            .collect();
        // Two steps go the same way when they are parallel and not opposite.
        let same_way =
            |a: (i32, i32), b: (i32, i32)| a.0 * b.1 == a.1 * b.0 && a.0 * b.0 + a.1 * b.1 > 0;
        steps
            .windows(2)
            .filter(|two| !same_way(two[0], two[1]))
            .count()
    }
}

/// A place on the drawing, in any unit.
type Point = (f64, f64);

fn points_of(text: &str) -> Option<Vec<Point>> {
    let text = text.trim();
    let points = if text.starts_with(|c: char| c.is_ascii_digit()) {
        drawn(text)
    } else {
        chosen(text)
    }?;
    (2..=MOST).contains(&points.len()).then_some(points)
}

/// Points such as `10,20 30,40`.
fn drawn(text: &str) -> Option<Vec<Point>> {
    text.split_whitespace()
        .take(MOST + 1)
        .map(|pair| {
            let (x, y) = pair.split_once(',')?;
            Some((
                f64::from(x.parse::<u16>().ok()?),
                f64::from(y.parse::<u16>().ok()?),
            ))
        })
        .collect()
}

/// Cells such as `A1 B2`, with or without something between them: a letter for the column, a digit for the row.
fn chosen(text: &str) -> Option<Vec<Point>> {
    let signs: Vec<char> = text
        .chars()
        .filter(|c| !c.is_whitespace() && !",;-".contains(*c))
        .take(2 * MOST + 2)
        .collect();
    signs
        .chunks(2)
        .map(|cell| {
            let [column, row] = cell else { return None };
            let column = "ABCD".find(latin(*column))?;
            let row = "1234".find(*row)?;
            // Each number is below four.
            Some((
                f64::from(u8::try_from(column).ok()?),
                f64::from(u8::try_from(row).ok()?),
            ))
        })
        .collect()
}

/// A letter in upper case; Cyrillic ones that look like a Latin one are taken for it.
fn latin(letter: char) -> char {
    match letter.to_uppercase().next().unwrap_or(letter) {
        'А' => 'A',
        'В' => 'B',
        'С' => 'C',
        other => other,
    }
}

/// The cells that a line goes through once it is stretched over the grid; none for a line without width or height.
fn cells_of(points: &[Point]) -> Option<Vec<u8>> {
    let (x, y) = (
        extent(points.iter().map(|p| p.0)),
        extent(points.iter().map(|p| p.1)),
    );
    let (width, height) = (x.1 - x.0, y.1 - y.0);
    if width.min(height) <= 0.0 || width.min(height) < NARROW * width.max(height) {
        return None;
    }
    let last = (SIDE - 1) as f64;
    let stretched = |point: &Point| {
        (
            (point.0 - x.0) / width * last,
            (point.1 - y.0) / height * last,
        )
    };
    let mut cells = Vec::new();
    for two in points.windows(2) {
        walk(stretched(&two[0]), stretched(&two[1]), &mut cells);
    }
    Some(cells)
}

fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::MAX, f64::MIN), |(low, high), value| {
        (low.min(value), high.max(value))
    })
}

/// Goes along a line in small steps and notes each cell whose middle comes near.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "places on the grid are between 0 and its side, and steps few"
)]
fn walk(from: Point, to: Point, cells: &mut Vec<u8>) {
    let length = (to.0 - from.0).hypot(to.1 - from.1);
    let steps = (length * 20.0).ceil().max(1.0);
    for step in 0..=(steps as u32) {
        let part = f64::from(step) / steps;
        let (x, y) = (
            from.0 + (to.0 - from.0) * part,
            from.1 + (to.1 - from.1) * part,
        );
        let (column, row) = (x.round(), y.round());
        if (x - column).hypot(y - row) > NEAR {
            continue;
        }
        let cell = row as u8 * SIDE as u8 + column as u8;
        if cells.last() != Some(&cell) {
            cells.push(cell);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hooked beak, cell by cell.
    const HOOK: &str = "A2 B1 C1 D2 D3 C4 C3 B3";

    #[test]
    fn a02_position_and_size_of_a_shape_do_not_matter() {
        let small: String = "10,20 20,10 30,10 40,20 40,30 30,40 30,30 20,30".into();
        let moved = "410,220 420,210 430,210 440,220 440,230 430,240 430,230 420,230";
        let large = "100,500 400,200 700,200 1000,500 1000,800 700,1100 700,800 400,800";
        let shape = Shape::parse(HOOK).unwrap();
        for other in [
            &*small,
            moved,
            large,
            "a2b1c1d2d3c4c3b3",
            "А2,В1,С1,D2,D3,С4,С3,В3",
        ] {
            assert_eq!(Shape::parse(other), Ok(shape.clone()), "{other}");
        }
        assert_eq!(shape.bytes().len(), 8);
    }

    #[test]
    fn a02_a_drawn_line_goes_through_the_cells_that_are_chosen() {
        // As a hand draws it: many points, not quite straight.
        let hand = "98,505 170,430 250,356 330,270 405,205 520,190 610,208 700,196 790,280 860,370 935,440 1000,500 \
                    995,600 1003,700 998,800 920,880 850,940 770,1020 704,1100 690,1000 707,900 702,805 600,790 500,812 402,800";
        assert_eq!(Shape::parse(hand), Shape::parse(HOOK));
    }

    #[test]
    fn a02_another_order_or_direction_is_another_shape() {
        let shape = Shape::parse(HOOK).unwrap();
        let backwards = "B3 C3 C4 D3 D2 C1 B1 A2";
        assert_ne!(Shape::parse(backwards).unwrap(), shape);
        assert_ne!(Shape::parse("A2 B1 C1 D2 D3 C4 C3 B4").unwrap(), shape);
    }

    #[test]
    fn a02_what_is_too_simple_or_no_shape_is_refused() {
        for simple in [
            "A1 B1 C1 D1",
            "A1 D4",
            "A1 A1 A1",
            "A1 D1 D4",
            "0,0 1000,10 0,20 1000,30",
            "5,5 5,5",
            "A1 B2 A1 B2 A1 B2 A1 B2",
        ] {
            assert_eq!(Shape::parse(simple), Err(ShapeError::TooSimple), "{simple}");
        }
        let endless = "1,1 ".repeat(600);
        for nothing in [
            "",
            "A1",
            "beak",
            "A5 B1",
            "1,2 3",
            "1,2 x,y",
            "-1,2 3,4",
            endless.as_str(),
        ] {
            assert_eq!(
                Shape::parse(nothing),
                Err(ShapeError::NotUnderstood),
                "{nothing}"
            );
        }
    }
}
