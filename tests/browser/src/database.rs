//! The tests' Postgres server, and databases on it.

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};

/// The server's address, from the environment.
pub(crate) fn server() -> String {
    std::env::var("ATES_TEST_DATABASE_URL").expect(
        "ATES_TEST_DATABASE_URL is not set: run ./check, or eval \"$(tests/support/postgres start)\" first",
    )
}

pub(crate) fn connect(url: &str) -> PgConnection {
    PgConnection::establish(url).expect("the tests' server answers")
}

/// The same server's address of another database.
pub(crate) fn url_of(server: &str, database: &str) -> String {
    let (base, query) = server.split_once('?').unwrap_or((server, ""));
    let base = base.rsplit_once('/').map_or(base, |(base, _)| base);
    if query.is_empty() {
        format!("{base}/{database}")
    } else {
        format!("{base}/{database}?{query}")
    }
}

pub(crate) fn run(conn: &mut PgConnection, sql: &str) {
    conn.batch_execute(sql)
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// The first value of the first row, if there is a row.
pub(crate) fn text(conn: &mut PgConnection, sql: &str) -> Option<String> {
    texts(conn, sql).into_iter().next()
}

/// The first value of every row.
pub(crate) fn texts(conn: &mut PgConnection, sql: &str) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        t: String,
    }
    sql_query(format!("select t::text as t from ({sql}) as asked (t)"))
        .load::<Row>(conn)
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
        .into_iter()
        .map(|row| row.t)
        .collect()
}

/// Takes a database away, whoever is connected to it.
pub(crate) fn drop_database(conn: &mut PgConnection, name: &str) {
    drop(conn.batch_execute(&format!("drop database if exists {name} with (force)")));
}
