//! Statements that a connection parses once and then only executes.

use diesel::connection::{DefaultLoadingMode, LoadConnection};
use diesel::pg::{Pg, PgConnection};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Untyped;
use diesel::{QueryResult, RunQueryDsl};

/// For a statement of fixed text that runs often.
pub trait Prepare: Sized {
    /// Has each connection keep the statement under a name, so that the server parses it once and plans it a few times. Its text must
    /// never differ, and it names the columns that it wants: a kept `select *` fails as soon as a migration adds one.
    fn prepared(self) -> Prepared<Self>;
}

impl<Q: QueryFragment<Pg>> Prepare for Q {
    fn prepared(self) -> Prepared<Self> {
        Prepared(self)
    }
}

/// A statement that is kept by the connections that ran it. Diesel itself never keeps those that are written as text.
#[derive(Clone, Copy, Debug)]
pub struct Prepared<Q>(Q);

impl<Q: QueryFragment<Pg> + Query<SqlType = Untyped>> Prepared<Q> {
    /// Runs a statement whose rows nobody wants. Diesel would plan it anew each time: it forgets of a query that it only borrows, which is
    /// how it executes one, that its text is safe to keep.
    ///
    /// # Errors
    /// Those of the database.
    pub fn execute(self, conn: &mut PgConnection) -> QueryResult<()> {
        LoadConnection::<DefaultLoadingMode>::load(conn, self).map(drop)
    }
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();

    // The text and the types of its values tell it from others.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, C> RunQueryDsl<C> for Prepared<Q> {}
