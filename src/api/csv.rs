//! Tables for spreadsheets (RFC 4180): a list that offers one answers `Accept: text/csv` too, whole,
//! read page by page while it is sent.
use super::media::{self, Formed};
use super::page::{Listing, Page};
use super::reply::Reply;
use super::views::MoneyView;
use crate::db::{Db, Tx};
use crate::error::{Error, Result};
use actix_web::web::Bytes;
use actix_web::{Either, HttpResponse, HttpResponseBuilder};
use chrono::{DateTime, SecondsFormat, Utc};
use csv::{Terminator, WriterBuilder};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use std::sync::Arc;

/// What can stand in a row of a table.
pub trait Table: 'static {
    /// What the file is called, without its ending.
    const NAME: &'static str;
    /// The columns from left to right.
    const COLUMNS: &'static [Column<Self>];
}

/// A column: what stands above it, and what it shows of a row.
pub type Column<T> = (&'static str, fn(&T) -> Cell);

/// What a cell shows.
#[derive(Debug, PartialEq, Eq)]
pub enum Cell {
    Empty,
    /// As it is, since a number is no formula: `-1.00`.
    Number(String),
    /// A text that could begin a formula is shown to be a text (EXP-1).
    Text(String),
}

impl Cell {
    pub fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    pub fn number(number: i64) -> Self {
        Self::Number(number.to_string())
    }

    pub fn amount(money: &MoneyView) -> Self {
        Self::Number(money.amount.clone())
    }

    /// A rate as JSON carries it.
    pub fn rate(rate: &str) -> Self {
        Self::Number(rate.to_owned())
    }

    pub fn time(at: &DateTime<Utc>) -> Self {
        Self::Text(at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }

    fn written(self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Number(number) => number,
            Self::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
                format!("'{text}")
            }
            Self::Text(text) => text,
        }
    }
}

impl From<Option<Cell>> for Cell {
    fn from(cell: Option<Cell>) -> Self {
        cell.unwrap_or(Self::Empty)
    }
}

/// A page of the list, or all of it as a table.
pub type Listed<T> = Formed<Page<T>>;

impl<F: Send + 'static> Listing<F> {
    /// Answers in the form that the caller would rather have. `read` finds one page, and judges the
    /// caller's rights, in one snapshot; a table is made of one such page after another.
    pub async fn answer<T: Table + Serialize + Send>(
        self,
        db: &Db,
        read: impl Fn(&mut Tx, &Self) -> Result<Page<T>> + Send + Sync + 'static,
    ) -> Result<Listed<T>> {
        if !self.as_table() {
            let page = db.snapshot(move |tx| read(tx, &self)).await?;
            return Ok(Either::Left(Reply::page(&page)?));
        }
        let (db, read) = (db.clone(), Arc::new(read));
        // Read before anything is sent, so that a refusal is still told as one.
        let (first, next) = chunk(&db, self.whole(), read.clone()).await?;
        let head = head::<T>()?;
        let rest = stream::try_unfold((db, next, read), async |(db, next, read)| {
            let Some(listing) = next else { return Ok(None) };
            let (rows, next) = chunk(&db, listing, read.clone()).await?;
            Ok::<_, Error>(Some((rows, (db, next, read))))
        });
        let begun = stream::iter([Ok(head), Ok(first)]);
        Ok(Either::Right(
            download(T::NAME).streaming(begun.chain(rest)),
        ))
    }
}

/// All rows at once, as a file of this name.
pub fn answer<T: Table>(name: &str, rows: &[T]) -> Result<HttpResponse> {
    let table = [head::<T>()?, lines(rows)?].concat();
    Ok(download(name).body(table))
}

fn download(name: &str) -> HttpResponseBuilder {
    let kind = "text/csv; charset=utf-8; header=present";
    media::download(kind, &format!("{name}.csv"))
}

fn head<T: Table>() -> Result<Bytes> {
    let names = T::COLUMNS.iter().map(|(name, _)| (*name).to_owned());
    written(vec![names.collect()])
}

/// The rows of one page, and where to go on.
async fn chunk<F: Send + 'static, T: Table>(
    db: &Db,
    listing: Listing<F>,
    read: Arc<impl Fn(&mut Tx, &Listing<F>) -> Result<Page<T>> + Send + Sync + 'static>,
) -> Result<(Bytes, Option<Listing<F>>)> {
    db.snapshot(move |tx| {
        let page = read(tx, &listing)?;
        let next = listing.after(tx.keys, &page)?;
        Ok((lines(&page.items)?, next))
    })
    .await
}

fn lines<T: Table>(rows: &[T]) -> Result<Bytes> {
    let line = |row: &T| {
        let cells = T::COLUMNS.iter().map(|(_, show)| show(row).written());
        cells.collect()
    };
    written(rows.iter().map(line).collect())
}

fn written(lines: Vec<Vec<String>>) -> Result<Bytes> {
    let mut table = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    for line in lines {
        table.write_record(line).map_err(Error::internal)?;
    }
    Ok(table.into_inner().map_err(Error::internal)?.into())
}
