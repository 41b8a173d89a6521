//! A billing event with whoever reads it.
use super::views::Reader;
use crate::db::Tx;
use crate::db::schema::billing_events;
use crate::db::witness::{self, Identity};
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
    let row: EventRow = billing_events::table
        .find(id)
        .select(EventRow::as_select())
        .first(tx.conn)
        .optional()?
        .ok_or_else(Refusal::not_found)?;
    let under_it = |standing: &Standing| match standing {
        Standing::Partner { partnership, .. } => Some(*partnership) == row.partnership_id,
        Standing::Member { .. } | Standing::Operator { .. } | Standing::Support { .. } => true,
    };
    let mut of_customer = witness::organization(tx, identity, row.customer_id)?.standings;
    of_customer.retain(under_it);
    let of_partner = match row.partner_id {
        Some(partner) => witness::organization(tx, identity, partner)?.standings,
        None => Vec::new(),
    };
    let reader = match (readable(of_customer), readable(of_partner)) {
        (Some(Standing::Member { .. } | Standing::Support { .. }), _) => Reader::Customer,
        (Some(Standing::Operator { .. }), _) => Reader::Operator,
        (Some(Standing::Partner { .. }), _) | (None, Some(_)) => Reader::Partner,
        (None, None) => return Err(Refusal::not_found().into()),
    };
    Ok((row, reader))
}

fn readable(standings: Vec<Standing>) -> Option<Standing> {
    match policy::decide(&standings, Action::ReadBillingEvents) {
        Decision::Granted(by, _) => Some(by.clone()),
        Decision::Refused(_) | Decision::Invisible => None,
    }
}
