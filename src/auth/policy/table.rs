//! The access table as the file has it.

use std::sync::LazyLock;

use super::Operation;
use crate::auth::permission::Permission;
use crate::auth::role::Role;

const FILE: &str = include_str!("../access.csv");

/// Who asks: a column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Nobody is known.
    Anonymous,
    /// An active user with this role.
    Role(Role),
    /// A user who was deactivated, or a revoked session or token.
    Revoked,
}

impl Column {
    /// Every column, in the order of the file.
    pub const ALL: [Self; 9] = [
        Self::Anonymous,
        Self::Role(Role::Other),
        Self::Role(Role::Developer),
        Self::Role(Role::Boss),
        Self::Role(Role::Manager),
        Self::Role(Role::Accountant),
        Self::Role(Role::Administrator),
        Self::Role(Role::Internalservice),
        Self::Revoked,
    ];

    /// The two letters at the column's head.
    #[must_use]
    pub const fn letters(self) -> &'static str {
        match self {
            Self::Anonymous => "AN",
            Self::Role(Role::Other) => "OT",
            Self::Role(Role::Developer) => "DV",
            Self::Role(Role::Boss) => "BO",
            Self::Role(Role::Manager) => "MG",
            Self::Role(Role::Accountant) => "AC",
            Self::Role(Role::Administrator) => "AD",
            Self::Role(Role::Internalservice) => "IS",
            Self::Revoked => "XX",
        }
    }
}

/// What one column may do of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// `-`: refused.
    No,
    /// `Y`: allowed.
    Yes,
    /// `own`: own objects only.
    Own,
    /// `p:name`: only with this permission.
    With(Permission),
}

impl Cell {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "-" => Ok(Self::No),
            "Y" => Ok(Self::Yes),
            "own" => Ok(Self::Own),
            other => {
                let name = other
                    .strip_prefix("p:")
                    .ok_or_else(|| format!("{other:?} is no cell of the table"))?;
                name.parse()
                    .map(Self::With)
                    .map_err(|error| format!("{error}"))
            }
        }
    }
}

/// One operation with its nine cells.
#[derive(Clone, Debug)]
pub struct Row {
    /// The number in the specification, such as `M07`.
    pub number: String,
    /// The operation.
    pub operation: Operation,
    /// Whose an object must be where a cell says `own` and it is not simply the user's: `author`, `assignee`.
    pub object: String,
    cells: [Cell; 9],
}

impl Row {
    /// What a column may do.
    #[must_use]
    pub fn cell(&self, column: Column) -> Cell {
        let place = Column::ALL.iter().position(|other| *other == column);
        place.map_or(Cell::No, |place| self.cells[place])
    }
}

static TABLE: LazyLock<Vec<Row>> =
    LazyLock::new(|| read(FILE).expect("the file is part of the program and a test reads it"));

/// The whole table, in the order of the file.
#[must_use]
pub fn rows() -> &'static [Row] {
    &TABLE
}

/// The row of an operation.
pub(super) fn row(operation: Operation) -> &'static Row {
    let found = TABLE.iter().find(|row| row.operation == operation);
    found.expect("reading the file makes sure that every operation has a row")
}

/// Reads the table; every operation must have exactly one row, and every cell must be understood.
pub(super) fn read(text: &str) -> Result<Vec<Row>, String> {
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let letters: Vec<&str> = Column::ALL.iter().map(|column| column.letters()).collect();
    if head.get(3..) != Some(letters.as_slice()) {
        return Err("the columns are not those of the program".into());
    }
    let rows: Vec<Row> = lines.map(read_row).collect::<Result<_, _>>()?;
    let named: Vec<Operation> = rows.iter().map(|row| row.operation).collect();
    if named != Operation::ALL {
        return Err(
            "the operations are not those of the program, each once and in the same order".into(),
        );
    }
    Ok(rows)
}

fn read_row(line: &str) -> Result<Row, String> {
    let fields: Vec<&str> = line.split(',').collect();
    let [number, name, object, cells @ ..] = fields.as_slice() else {
        return Err(format!("{line:?} is too short"));
    };
    let operation =
        Operation::parse(name).ok_or_else(|| format!("there is no operation {name:?}"))?;
    let cells: Vec<Cell> = cells
        .iter()
        .map(|cell| Cell::parse(cell))
        .collect::<Result<_, _>>()?;
    let cells = cells
        .try_into()
        .map_err(|_| format!("{line:?} needs nine cells"))?;
    Ok(Row {
        number: (*number).to_owned(),
        operation,
        object: (*object).to_owned(),
        cells,
    })
}
