//! The rows of quotes, and who may order on which side.
use crate::db::Tx;
use crate::db::schema::{orders, quotes};
use crate::db::witness::{self, Identity, NOBODY};
use crate::domain::access::Terms;
use crate::domain::id::{OrganizationId, PartnershipId, QuoteId, UserId};
use crate::domain::money::Currency;
use crate::domain::policy::{self, Action, Found, Standing};
use crate::domain::reach::Reach;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::settlement::{Orderer, Payer};
use crate::error::{Error, Result};
use crate::resources::billing::assess::{Assessed, SettledLine};
use crate::resources::billing::intent::Quoted;
use crate::resources::organizations::reach;
use chrono::{NaiveDateTime, TimeDelta};
use diesel::dsl::exists;
use diesel::prelude::*;

#[derive(Queryable, Selectable)]
#[diesel(table_name = quotes)]
pub struct Quote {
    pub id: QuoteId,
    pub organization_id: OrganizationId,
    pub asked_by: OrganizationId,
    pub acting_as: Orderer,
    pub currency: Currency,
    pub payer_id: OrganizationId,
    pub partnership_id: Option<PartnershipId>,
    pub terms_from: Option<NaiveDateTime>,
    pub settled: String,
    pub created_at: NaiveDateTime,
    pub expires_at: NaiveDateTime,
}

/// Who orders: the organization behind the side, the rule that lets it, and what it reaches.
pub struct Side {
    pub asker: OrganizationId,
    pub rule: &'static str,
    pub reach: Reach,
    /// The terms of the partnership that a partner acts by.
    pub terms: Option<Terms>,
}

/// The caller's right to order for this customer on this side (ORG-8, ACC-4).
pub fn side(
    tx: &mut Tx,
    identity: &Identity,
    customer: OrganizationId,
    orderer: Orderer,
) -> Result<Side> {
    let found = witness::organization(tx, identity, customer)?;
    let of_side = |standing: &Standing| match standing {
        Standing::Member { .. } => orderer == Orderer::Customer,
        Standing::Partner { .. } => orderer == Orderer::Partner,
        Standing::Operator { .. } | Standing::Support { .. } => false,
    };
    if found.standings.is_empty() {
        return Err(Refusal::not_found().into());
    }
    let standings: Vec<Standing> = found
        .standings
        .iter()
        .filter(|standing| of_side(standing))
        .cloned()
        .collect();
    if standings.is_empty() {
        policy::allow(found, Action::ReadOrganization)?;
        return Err(Refusal::by(Code::Forbidden, "ACC-1").into());
    }
    let reach = reach::of(tx, &standings, Action::Order, tx.now)?;
    let allowed = policy::allow(
        Found {
            what: (),
            standings,
        },
        Action::Order,
    )?;
    let (asker, terms) = match allowed.by {
        Standing::Partner { partner, terms, .. } => (partner, Some(terms)),
        Standing::Member { .. } | Standing::Operator { .. } | Standing::Support { .. } => {
            (customer, None)
        }
    };
    Ok(Side {
        asker,
        terms,
        rule: allowed.rule,
        reach,
    })
}

/// The right of whoever asked for a quote, which may have gone since: the quote is stale then (PRC-6).
pub fn side_still(tx: &mut Tx, identity: &Identity, quote: &Quote) -> Result<Side> {
    match side(tx, identity, quote.organization_id, quote.acting_as) {
        Err(Error::Refused(refusal)) if quote.asked_by != quote.organization_id => {
            let own = witness::organization(tx, identity, quote.asked_by)?;
            policy::allow(own, Action::Order).map_err(|_| *refusal)?;
            Err(Refusal::by(Code::QuoteStale, "PRC-6").into())
        }
        side => side,
    }
}

pub struct New<'a> {
    pub customer: OrganizationId,
    pub asker: OrganizationId,
    pub by: UserId,
    pub orderer: Orderer,
    pub currency: Currency,
    pub assessed: &'a Assessed,
    pub lasts: TimeDelta,
}

pub fn insert(tx: &mut Tx, new: &New) -> Result<Quote> {
    let id: QuoteId = tx.new_id()?;
    diesel::insert_into(quotes::table)
        .values((
            quotes::id.eq(id),
            quotes::organization_id.eq(new.customer),
            quotes::asked_by.eq(new.asker),
            quotes::user_id.eq(new.by),
            quotes::acting_as.eq(new.orderer),
            quotes::currency.eq(new.currency),
            quotes::payer_id.eq(new.assessed.payer_id),
            quotes::partnership_id.eq(new.assessed.under.map(|(partnership, _)| partnership)),
            quotes::terms_from.eq(new.assessed.under.map(|(_, from)| from)),
            quotes::settled.eq(serde_json::to_string(&new.assessed.lines)?),
            quotes::created_at.eq(tx.now),
            quotes::expires_at.eq(tx.now + new.lasts),
        ))
        .execute(tx.conn)?;
    Ok(quotes::table
        .find(id)
        .select(Quote::as_select())
        .first(tx.conn)?)
}

/// A quote, whosever it is: whose it is to read is judged by the side that asked.
pub fn row(tx: &mut Tx, id: QuoteId) -> Result<Option<Quote>> {
    Ok(quotes::table
        .find(id)
        .select(Quote::as_select())
        .first(tx.conn)
        .optional()?)
}

/// A quote for whoever acts for the side that asked; for nobody else does it exist.
pub fn find(tx: &mut Tx, identity: &Identity, id: QuoteId) -> Result<Quote> {
    let quote = row(tx, id)?;
    let (customer, orderer) = quote.as_ref().map_or((NOBODY, Orderer::Customer), |quote| {
        (quote.organization_id, quote.acting_as)
    });
    let asker = match side(tx, identity, customer, orderer) {
        Ok(side) => Some(side.asker),
        Err(Error::Refused(_)) => None,
        Err(failed) => return Err(failed),
    };
    quote
        .filter(|quote| asker == Some(quote.asked_by))
        .ok_or_else(|| Refusal::not_found().into())
}

pub fn is_redeemed(tx: &mut Tx, id: QuoteId) -> Result<bool> {
    Ok(
        diesel::select(exists(orders::table.filter(orders::quote_id.eq(id))))
            .get_result(tx.conn)?,
    )
}

impl Quote {
    pub fn lines(&self) -> Result<Vec<SettledLine>> {
        serde_json::from_str(&self.settled).map_err(Error::from)
    }

    pub fn payer(&self) -> Payer {
        if self.payer_id == self.organization_id {
            Payer::Customer
        } else {
            Payer::Partner
        }
    }

    /// What it promises, if it may still be redeemed: by the side that asked, in time, and once. The
    /// facts it was made from are compared where it is booked (PRC-6).
    pub fn promise(&self, tx: &mut Tx, asker: OrganizationId) -> Result<Quoted> {
        if asker != self.asked_by {
            return Err(Refusal::not_found().into());
        }
        if is_redeemed(tx, self.id)? {
            return Err(Refusal::by(Code::QuoteRedeemed, "PRC-6").into());
        }
        if self.expires_at <= tx.now {
            return Err(Refusal::by(Code::QuoteExpired, "PRC-6").into());
        }
        Ok(Quoted {
            id: self.id,
            payer_id: self.payer_id,
            under: self.partnership_id.zip(self.terms_from),
            lines: self.lines()?,
        })
    }
}
