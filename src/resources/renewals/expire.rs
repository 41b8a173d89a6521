//! What is not renewed expires as its period ends, by the clock alone (BIL-13).
use crate::db::Tx;
use crate::db::record::Event;
use crate::db::schema::{products, renewal_ownerships};
use crate::domain::event::EventType;
use crate::domain::product::{ProductState, ends_at};
use crate::error::Result;
use crate::resources::billing::batch::{change_owners, update_products};
use crate::resources::billing::facts::{Installed, Ownership};
use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

/// How many products are written with one statement.
const MOST: i64 = 200;

/// When the first product expires that has not. What renews by itself waits until that has failed.
pub fn next_due(tx: &mut Tx) -> Result<Option<NaiveDateTime>> {
    // Two queries, each answered by the first entry of an index.
    let manual: Option<NaiveDate> = products::table
        .filter(products::state.eq(ProductState::Active))
        .filter(products::automatic.eq(false))
        .order(products::renews_on)
        .select(products::renews_on)
        .first(tx.conn)
        .optional()?;
    let failed: Option<NaiveDate> = products::table
        .filter(products::state.eq(ProductState::Active))
        .filter(products::retry_at.is_not_null())
        .order(products::renews_on)
        .select(products::renews_on)
        .first(tx.conn)
        .optional()?;
    Ok([manual, failed].into_iter().flatten().min().map(ends_at))
}

/// Lets expire what has ended by the transaction's instant, each as of the end of its period: from then
/// on its units count no longer, whenever this runs (PRC-4). Whether more may be due.
pub fn apply_due(tx: &mut Tx) -> Result<bool> {
    let open = renewal_ownerships::table.on(renewal_ownerships::product_id
        .eq(products::id)
        .and(renewal_ownerships::valid_to.is_null()));
    let ended: Vec<(Installed, Option<Ownership>)> = products::table
        .left_join(open)
        .filter(products::state.eq(ProductState::Active))
        .filter(products::renews_on.le(tx.now.date()))
        .filter(
            products::automatic
                .eq(false)
                .or(products::retry_at.is_not_null()),
        )
        .order((products::renews_on, products::id))
        .limit(MOST)
        .select((Installed::as_select(), Option::<Ownership>::as_select()))
        .load(tx.conn)?;
    let (mut changed, mut closed, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for (product, ownership) in ended {
        let end = ends_at(product.renews_on);
        closed.extend(ownership.map(|open| Ownership {
            valid_to: Some(end.max(open.earliest_end())),
            ..open
        }));
        told.push(
            Event::new(EventType::ProductExpired, product.id)
                .of(product.organization_id)
                .by_rule("BIL-13"),
        );
        changed.push(Installed {
            state: ProductState::Expired,
            automatic: false,
            retry_at: None,
            ..product
        });
    }
    update_products(tx, &changed)?;
    change_owners(tx, &closed, &[])?;
    tx.record_all(None, told)?;
    Ok(changed.len() == MOST as usize)
}
