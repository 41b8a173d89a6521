//! Lists: pages of at most 200, newest first, and cursors that are sealed and bound to their filters.
use super::media::{Accepts, Media};
use super::query;
use crate::db::Db;
use crate::domain::id::Id;
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::{Error, Result};
use crate::secret::{self, Keyring, Purpose};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use diesel::QueryResult;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::{Ready, ready};
use utoipa::ToSchema;

const LIMIT: i64 = 50;
const MOST: i64 = 200;
/// How many rows of a table are read at once.
const CHUNK: i64 = 500;
const ID: usize = 16;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// What is on this page.
    pub items: Vec<T>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
    /// How many there are in all, if `include=total` asked for it.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub total: Option<i64>,
    /// Where this list was read, for the `Link` header.
    #[serde(skip)]
    pub next_link: Option<String>,
}

/// What a list was asked for: its own filters, and how much from where.
pub struct Listing<F> {
    pub filters: F,
    pub limit: i64,
    /// The id that the last page ended with; above all others on the first.
    before: [u8; ID],
    include_total: bool,
    as_table: bool,
    scope: String,
    link: String,
}

/// The parameters that every list takes.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "documents what `Listing` reads")]
pub struct Paging {
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i32>,
    /// Where to go on: the `next_cursor` of the page before.
    cursor: Option<String>,
    /// `total` counts them all.
    #[param(inline)]
    include: Option<Include>,
}

/// What to include in a page.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case", title = "Include")]
#[allow(dead_code, reason = "documents what `Listing` reads")]
pub enum Include {
    Total,
}

impl<F> Listing<F> {
    /// What the page holds is older than this.
    pub fn before(&self) -> &[u8] {
        &self.before
    }

    /// How many there are in all, if the caller asked for it.
    pub fn total(&self, count: impl FnOnce() -> QueryResult<i64>) -> Result<Option<i64>> {
        Ok(self.include_total.then(count).transpose()?)
    }

    /// One more than the page holds is read, to know whether there is a next.
    pub fn fetch(&self) -> i64 {
        self.limit + 1
    }

    /// Whether the caller would rather have it as a table.
    pub(super) fn as_table(&self) -> bool {
        self.as_table
    }

    /// From here to the end, in large pages and uncounted.
    pub(super) fn whole(self) -> Self {
        Self {
            limit: CHUNK,
            include_total: false,
            ..self
        }
    }

    /// What comes after a page; nothing after the last.
    pub(super) fn after<T>(self, keys: &Keyring, page: &Page<T>) -> Result<Option<Self>> {
        let Some(cursor) = &page.next_cursor else {
            return Ok(None);
        };
        let before = open(keys, cursor, &self.scope)?;
        Ok(Some(Self { before, ..self }))
    }

    /// The page of what was fetched.
    pub fn page<R, T, K>(
        &self,
        keys: &Keyring,
        mut rows: Vec<R>,
        total: Option<i64>,
        id: impl Fn(&R) -> Id<K>,
        view: impl Fn(R) -> T,
    ) -> Result<Page<T>> {
        let limit = usize::try_from(self.limit).map_err(Error::internal)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = match rows.last().filter(|_| more) {
            Some(last) => Some(write(keys, id(last).bytes(), &self.scope)?),
            None => None,
        };
        Ok(Page {
            next_link: next_cursor
                .as_ref()
                .map(|cursor| format!("{}cursor={cursor}", self.link)),
            items: rows.into_iter().map(view).collect(),
            next_cursor,
            total,
        })
    }
}

impl<F: DeserializeOwned> FromRequest for Listing<F> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request))
    }
}

fn read<F: DeserializeOwned>(request: &HttpRequest) -> Result<Listing<F>> {
    let keys = request
        .app_data::<Data<Db>>()
        .ok_or_else(|| Error::internal("the application lacks its database"))?
        .keys();
    let (mut limit, mut cursor, mut include_total, mut filters) = (LIMIT, None, false, Vec::new());
    for (name, value) in query::parse::<Vec<(String, String)>>(request.query_string())? {
        match name.as_str() {
            "limit" => {
                let wanted: Option<i64> = value.parse().ok();
                limit = wanted
                    .filter(|wanted| (1..=MOST).contains(wanted))
                    .ok_or_else(|| wrong("limit", "range"))?;
            }
            "cursor" => cursor = Some(value),
            "include" if value == "total" => include_total = true,
            "include" => return Err(wrong("include", "invalid").into()),
            _ => filters.push((name, value)),
        }
    }
    filters.sort();
    let filtered = serde_html_form::to_string(&filters).map_err(Error::internal)?;
    let scope = format!("{}?{filtered}", request.path());
    let before = match cursor {
        Some(cursor) => open(keys, &cursor, &scope)?,
        None => [u8::MAX; ID],
    };
    let joint = if filtered.is_empty() { "" } else { "&" };
    Ok(Listing {
        filters: query::parse(&filtered).map_err(with_common_names)?,
        limit,
        before,
        include_total,
        as_table: Accepts::of(request).choose(&[Media::Json, Media::Csv]) == Media::Csv,
        link: format!("{scope}{joint}limit={limit}&"),
        scope,
    })
}

/// A misspelt `limit` is nearer to `limit` than to any filter.
fn with_common_names(error: Error) -> Error {
    match error {
        Error::Refused(refusal) if refusal.code == Code::UnknownParameter => {
            let argument = |name| {
                refusal
                    .arguments
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| value.clone())
            };
            let known: Vec<String> = ["limit", "cursor", "include"]
                .map(str::to_owned)
                .into_iter()
                .chain(argument("nearest"))
                .collect();
            query::unknown_parameter(&argument("parameter").unwrap_or_default(), &known).into()
        }
        other => other,
    }
}

fn wrong(parameter: &'static str, fault: &'static str) -> Refusal {
    Refusal {
        faults: vec![
            Fault::new(parameter, fault)
                .with("min", 1)
                .with("max", MOST),
        ],
        ..Refusal::new(Code::InvalidParameter).with("reason", parameter)
    }
}

fn write(keys: &Keyring, id: &[u8; ID], scope: &str) -> Result<String> {
    let tag = keys.mac(Purpose::Cursor, &[id, scope.as_bytes()])?;
    Ok(URL_SAFE_NO_PAD.encode([id.as_slice(), &tag[..ID]].concat()))
}

fn open(keys: &Keyring, cursor: &str, scope: &str) -> Result<[u8; ID]> {
    let mismatch = || Error::from(Refusal::new(Code::CursorMismatch));
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| mismatch())?;
    let (id, tag) = bytes.split_at_checked(ID).ok_or_else(mismatch)?;
    let id: [u8; ID] = id.try_into().map_err(|_| mismatch())?;
    let expected = keys.mac(Purpose::Cursor, &[&id, scope.as_bytes()])?;
    if secret::same(tag, &expected[..ID]) {
        Ok(id)
    } else {
        Err(mismatch())
    }
}
