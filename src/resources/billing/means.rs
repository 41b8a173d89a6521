//! What acts are paid by: the payer's own method, with enough in it if it is prepaid (PAY-7).
use super::intent::{Channel, Sale};
use super::prepaid::{self, Account};
use crate::db::prepared::Among;
use crate::db::schema::payment_methods;
use crate::db::{Tx, directly};
use crate::domain::billing::PaymentMethodKind;
use crate::domain::id::{OrganizationId, PaymentMethodId};
use crate::domain::ledger::PaidBy;
use crate::domain::money::Currency;
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Queryable, Selectable)]
#[diesel(table_name = payment_methods)]
struct Method {
    id: PaymentMethodId,
    organization_id: OrganizationId,
    kind: PaymentMethodKind,
    currency: Option<Currency>,
}

/// The payment methods that acts name, and what the prepaid ones among them hold.
#[derive(Default)]
pub struct Means {
    methods: BTreeMap<PaymentMethodId, Method>,
    balances: BTreeMap<Account, i64>,
}

impl Means {
    /// At most three queries; none where everything was collected elsewhere.
    pub fn load(tx: &mut Tx, sales: &[&Sale]) -> Result<Self> {
        let named: BTreeSet<PaymentMethodId> = sales
            .iter()
            .filter_map(|sale| match &sale.channel {
                Channel::Here { payment_method, .. } => Some(*payment_method),
                Channel::Reported { .. } => None,
            })
            .collect();
        if named.is_empty() {
            return Ok(Self::default());
        }
        let methods: Vec<Method> = directly!(tx, |conn| payment_methods::table
            .filter(payment_methods::id.among(named))
            .filter(payment_methods::removed_at.is_null())
            .select(Method::as_select())
            .load(conn))?;
        let prepaid: BTreeSet<Account> = methods
            .iter()
            .filter_map(|method| Some((method.organization_id, method.currency?)))
            .collect();
        let balances = match prepaid.is_empty() {
            true => BTreeMap::new(),
            false => {
                prepaid::lock(tx, &prepaid)?;
                let holders = prepaid.iter().map(|(holder, _)| *holder).collect();
                prepaid::balances(tx, &holders)?
            }
        };
        Ok(Self {
            methods: methods.into_iter().map(|one| (one.id, one)).collect(),
            balances,
        })
    }

    /// Charges a method, of which the next act of this transaction finds so much less.
    pub fn charge(
        &mut self,
        method: PaymentMethodId,
        payer: OrganizationId,
        currency: Currency,
        charged: i64,
    ) -> Result<PaidBy, Refusal> {
        let at = "/payment_method_id";
        let known = self.methods.get(&method);
        let known = known.filter(|known| known.organization_id == payer);
        let known = known.ok_or_else(|| Refusal::fault(at, "not_payers", "PAY-7"))?;
        match known.kind {
            PaymentMethodKind::Card | PaymentMethodKind::BankAccount => Ok(PaidBy::Invoice),
            PaymentMethodKind::Prepaid if known.currency != Some(currency) => {
                Err(Refusal::fault(at, "currency_mismatch", "PAY-7"))
            }
            PaymentMethodKind::Prepaid => {
                let balance = self.balances.entry((payer, currency)).or_default();
                if *balance < charged {
                    return Err(Refusal::by(Code::InsufficientBalance, "PAY-7"));
                }
                *balance -= charged;
                Ok(PaidBy::Prepaid)
            }
        }
    }
}
