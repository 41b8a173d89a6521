//! Statements that stay prepared. Of those whose text depends on what they are given, the query builder
//! keeps none, and preparing costs as much as running: on a server a round trip more.
use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{Bool, HasSqlType, SingleValue, SqlType};

/// Lists longer than this are not worth statements that are kept.
const LONGEST: usize = 16;

/// A column is one of some values.
pub trait Among: Expression + Sized {
    /// As `eq_any`, with the list filled up to the next power of two by its last value, so that
    /// a query has five texts for each list and not one for each length.
    fn among<V>(self, values: impl IntoIterator<Item = V>) -> IsAmong<Self, V> {
        IsAmong {
            column: self,
            values: values.into_iter().collect(),
        }
    }
}

impl<C: Column> Among for C {}

#[derive(Debug, Clone)]
pub struct IsAmong<C, V> {
    column: C,
    values: Vec<V>,
}

impl<DB, C, V> QueryFragment<DB> for IsAmong<C, V>
where
    DB: Backend + HasSqlType<C::SqlType>,
    C: Expression + QueryFragment<DB>,
    C::SqlType: SqlType + SingleValue,
    V: ToSql<C::SqlType, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let Some(last) = self.values.last() else {
            out.push_sql("1 = 0");
            return Ok(());
        };
        let places = match self.values.len() {
            many if many > LONGEST => {
                out.unsafe_to_cache_prepared();
                many
            }
            some => some.next_power_of_two(),
        };
        self.column.walk_ast(out.reborrow())?;
        for place in 0..places {
            out.push_sql(if place == 0 { " IN (" } else { ", " });
            out.push_bind_param::<C::SqlType, V>(self.values.get(place).unwrap_or(last))?;
        }
        out.push_sql(")");
        Ok(())
    }
}

impl<C, V> QueryId for IsAmong<C, V> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C: Expression, V> Expression for IsAmong<C, V> {
    type SqlType = Bool;
}

impl<C: AppearsOnTable<T>, V, T> AppearsOnTable<T> for IsAmong<C, V> {}

impl<C: SelectableExpression<T>, V, T> SelectableExpression<T> for IsAmong<C, V> {}

impl<C, V> ValidGrouping<()> for IsAmong<C, V> {
    type IsAggregate = is_aggregate::No;
}

/// Up to so many rows, a server keeps a statement for each number of them.
pub const KEPT_ROWS: usize = 8;

/// A statement that writes so many rows: few make a text that is worth keeping.
#[derive(Debug, Clone, Copy)]
pub struct OfRows<Q> {
    pub rows: usize,
    pub query: Q,
}

impl<DB: Backend, Q: QueryFragment<DB>> QueryFragment<DB> for OfRows<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.query.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, backend: &DB) -> QueryResult<bool> {
        match self.rows {
            ..=KEPT_ROWS => Ok(true),
            _ => self.query.is_safe_to_cache_prepared(backend),
        }
    }
}

impl<Q: QueryId> QueryId for OfRows<Q> {
    type QueryId = Q::QueryId;
    const HAS_STATIC_QUERY_ID: bool = Q::HAS_STATIC_QUERY_ID;
}

impl<Q, Conn> RunQueryDsl<Conn> for OfRows<Q> {}
