//! docs/ACCESS.md says what the table says: it is written from it, and this test holds it to that.

use std::fmt::Write;
use std::path::Path;

use ates::auth::{Cell, Column, Permission, Role, access_table};

use super::table::{Asks, ROUTES, Route};

const BEGIN: &str = "<!-- access -->\n";
const END: &str = "\n<!-- /access -->";

fn sign(cell: Cell) -> String {
    match cell {
        Cell::Yes => "Y".to_owned(),
        Cell::Own => "own".to_owned(),
        Cell::No => "–".to_owned(),
        Cell::With(permission) => format!("p: `{permission}`"),
    }
}

fn routes_of(belongs: impl Fn(&Route) -> bool) -> String {
    let routes: Vec<String> = ROUTES
        .iter()
        .filter(|route| belongs(route))
        .map(|route| format!("`{} {}`", route.method, route.path))
        .collect();
    routes.join("<br>")
}

/// What stands between the marks.
fn written() -> String {
    let mut page = String::new();
    let heads: Vec<&str> = Column::ALL.iter().map(|column| column.letters()).collect();
    writeln!(page, "| | operation | whose | {} |", heads.join(" | ")).unwrap();
    writeln!(page, "|---|---|---|{}", "---|".repeat(heads.len())).unwrap();
    for row in access_table() {
        let cells: Vec<String> = Column::ALL
            .iter()
            .map(|column| sign(row.cell(*column)))
            .collect();
        let name = row.operation.as_str();
        writeln!(
            page,
            "| {} | `{name}` | {} | {} |",
            row.number,
            row.object,
            cells.join(" | ")
        )
        .unwrap();
    }
    page.push_str("\n## Permissions that come with a role\n\n| role | permissions |\n|---|---|\n");
    for role in Role::ALL {
        let own: Vec<String> = role
            .default_permissions()
            .iter()
            .map(|own| format!("`{own}`"))
            .collect();
        writeln!(page, "| {role} | {} |", own.join(", ")).unwrap();
    }
    page.push_str("\n## Permissions that can be granted on top\n\n| permission | opens something for |\n|---|---|\n");
    for permission in Permission::ALL {
        let opens = |role: &Role| {
            access_table()
                .iter()
                .any(|row| row.cell(Column::Role(*role)) == Cell::With(permission))
        };
        let roles: Vec<&str> = Role::ALL
            .iter()
            .filter(|role| opens(role))
            .map(|role| role.as_str())
            .collect();
        writeln!(page, "| `{permission}` | {} |", roles.join(", ")).unwrap();
    }
    page.push_str("\n## Routes\n\n| operation | routes |\n|---|---|\n");
    let everybody = routes_of(|route| matches!(route.asks, Asks::Everybody));
    let person = routes_of(|route| matches!(route.asks, Asks::EveryPerson));
    writeln!(
        page,
        "| everybody | {everybody} |\n| every person who is logged in | {person} |"
    )
    .unwrap();
    for row in access_table() {
        let routes = routes_of(
            |route| matches!(route.asks, Asks::To(operation) | Asks::OfOthers(operation) if operation == row.operation),
        );
        if !routes.is_empty() {
            writeln!(page, "| `{}` | {routes} |", row.operation.as_str()).unwrap();
        }
    }
    page.trim_end().to_owned()
}

#[test]
fn a15_the_documented_rights_are_those_of_the_table() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ACCESS.md"));
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    let wanted = written();
    if std::env::var_os("ATES_TEST_WRITE").is_some() && found != wanted {
        std::fs::write(path, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(
        found, wanted,
        "docs/ACCESS.md is out of date: run this test with ATES_TEST_WRITE=1"
    );
}
