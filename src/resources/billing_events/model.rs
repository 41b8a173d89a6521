//! A billing event with whoever reads it.
use super::views::Reader;
use crate::db::Tx;
use crate::db::schema::billing_events;
use crate::db::witness::{self, Identity, NOBODY};
use crate::domain::id::BillingEventId;
use crate::domain::policy::{self, Action, Decision, Standing};
use crate::domain::refusal::Refusal;
use crate::error::Result;
use crate::resources::billing::batch::EventRow;
use diesel::prelude::*;

/// The event, for the customer's side or the partner's: through its partnership, or as the members of
/// the partner that it settled under, whose history stays readable (PSH-7). To whoever may not read it
/// it does not exist.
pub fn find(tx: &mut Tx, identity: &Identity, id: BillingEventId) -> Result<(EventRow, Reader)> {
    let row: Option<EventRow> = billing_events::table
        .find(id)
        .select(EventRow::as_select())
        .first(tx.conn)
        .optional()?;
    // One that is not there is looked for like another's: on both sides, which are nobody's.
    let (customer, partner, partnership) = match &row {
        Some(row) => (row.customer_id, row.partner_id, row.partnership_id),
        None => (NOBODY, None, None),
    };
    let under_it = |standing: &Standing| match standing {
        Standing::Partner {
            partnership: through,
            ..
        } => Some(*through) == partnership,
        Standing::Member { .. } | Standing::Operator { .. } | Standing::Support { .. } => true,
    };
    let mut of_customer = witness::organization(tx, identity, customer)?.standings;
    of_customer.retain(under_it);
    let reader = match readable(of_customer) {
        Some(Standing::Member { .. } | Standing::Support { .. }) => Reader::Customer,
        Some(Standing::Operator { .. }) => Reader::Operator,
        Some(Standing::Partner { .. }) => Reader::Partner,
        None => {
            let partner = partner.unwrap_or(NOBODY);
            let of_partner = witness::organization(tx, identity, partner)?.standings;
            readable(of_partner).ok_or_else(Refusal::not_found)?;
            Reader::Partner
        }
    };
    let row = row.ok_or_else(Refusal::not_found)?;
    Ok((row, reader))
}

fn readable(standings: Vec<Standing>) -> Option<Standing> {
    match policy::decide(&standings, Action::ReadBillingEvents) {
        Decision::Granted(by, _) => Some(by.clone()),
        Decision::Refused(_) | Decision::Invisible => None,
    }
}
