//! Whose act a product's next automatic renewal is, and how it changes hands (PAY-6).
use crate::db::Tx;
use crate::db::schema::{products, renewal_ownerships};
use crate::db::witness::Identity;
use crate::domain::id::{OrganizationId, PaymentMethodId, ProductId};
use crate::domain::reach::Reach;
use crate::domain::refusal::Refusal;
use crate::error::Result;
use crate::resources::billing::batch::{change_owners, update_products};
use crate::resources::billing::facts::{Installed, Ownership};
use crate::resources::billing::fallen::{self, Fallen};
use diesel::prelude::*;

/// A product with whose renewals it is.
pub type Owned = (Installed, Ownership);

/// A product of this customer, with whose renewals it is as long as it is active.
pub fn find(
    tx: &mut Tx,
    customer: OrganizationId,
    id: ProductId,
) -> Result<(Installed, Option<Ownership>)> {
    let open = renewal_ownerships::table.on(renewal_ownerships::product_id
        .eq(products::id)
        .and(renewal_ownerships::valid_to.is_null()));
    products::table
        .left_join(open)
        .filter(products::id.eq(id))
        .filter(products::organization_id.eq(customer))
        .select((Installed::as_select(), Option::<Ownership>::as_select()))
        .first(tx.conn)
        .optional()?
        .ok_or_else(|| Refusal::not_found().into())
}

/// The same within reach and still active: what has expired or was cancelled renews no more (BIL-13).
pub fn active(
    tx: &mut Tx,
    customer: OrganizationId,
    id: ProductId,
    reach: &Reach,
) -> Result<Owned> {
    let (product, ownership) = find(tx, customer, id)?;
    if !reach.holds(id) {
        return Err(Refusal::not_found().into());
    }
    let gone = || Refusal::fault("", "not_active", "BIL-13");
    Ok((product, ownership.ok_or_else(gone)?))
}

/// Hands renewals over, to be charged to this method or not to be automatic; whose they are already
/// claims them anew. Four statements.
pub fn hand_over(
    tx: &mut Tx,
    owned: Vec<Owned>,
    to: OrganizationId,
    method: Option<PaymentMethodId>,
) -> Result<()> {
    let (mut changed, mut closed, mut opened) = (Vec::new(), Vec::new(), Vec::new());
    for (product, ownership) in owned {
        changed.push(Installed {
            automatic: method.is_some(),
            payment_method_id: method,
            failed_renewals: 0,
            retry_at: None,
            ..product
        });
        let from = tx.after(ownership.valid_from);
        opened.push(Ownership {
            owner_id: to,
            valid_from: from,
            claimed_at: tx.now,
            ..ownership.clone()
        });
        closed.push(Ownership {
            valid_to: Some(from),
            ..ownership
        });
    }
    update_products(tx, &changed)?;
    change_owners(tx, &closed, &opened)
}

/// What the partner owned falls back to the customer, and is not automatic until the customer confirms
/// it with a payment method; both are told which, and when they are due.
pub fn fall_back(
    tx: &mut Tx,
    by: Option<&Identity>,
    customer: OrganizationId,
    partner: OrganizationId,
) -> Result<()> {
    let owned: Vec<Owned> = renewal_ownerships::table
        .inner_join(products::table.on(products::id.eq(renewal_ownerships::product_id)))
        .filter(renewal_ownerships::owner_id.eq(partner))
        .filter(renewal_ownerships::valid_to.is_null())
        .filter(products::organization_id.eq(customer))
        .order(products::renews_on)
        .select((Installed::as_select(), Ownership::as_select()))
        .load(tx.conn)?;
    let fallen: Vec<Fallen> = owned
        .iter()
        .map(|(product, _)| Fallen {
            product_id: product.id,
            name: product.name.clone(),
            renews_on: product.renews_on,
        })
        .collect();
    hand_over(tx, owned, customer, None)?;
    fallen::tell(tx, by, customer, partner, &fallen)
}
