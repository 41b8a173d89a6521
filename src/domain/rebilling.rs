//! What a partner charges its customer for what it paid for itself (BIL-7).
use super::money::{Money, MoneyFault, Rate};
use super::words::words;
use rust_decimal::Decimal;

words! {
    /// From what a resale price is made.
    RebillingBasis {
        /// What the partner paid, plus a markup.
        PartnerPriceMarkup = "partner_price_markup",
        /// The list price, less a discount.
        ListPriceDiscount = "list_price_discount",
    }
}

/// A partner's resale terms for one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResaleTerms {
    pub basis: RebillingBasis,
    /// The markup or the discount.
    pub rate: Rate,
}

impl ResaleTerms {
    /// What holds until the partner sets its own: the price that it paid.
    pub const AT_COST: Self = Self {
        basis: RebillingBasis::PartnerPriceMarkup,
        rate: Rate::ZERO,
    };

    /// The resale price of a line, rounded once.
    pub fn price(self, list: Money, paid: Money) -> Result<Money, MoneyFault> {
        let (base, factor) = match self.basis {
            RebillingBasis::PartnerPriceMarkup => (paid, Decimal::ONE + self.rate.as_decimal()),
            RebillingBasis::ListPriceDiscount => (list, self.rate.remainder()),
        };
        let exact = Decimal::from(base.minor)
            .checked_mul(factor)
            .ok_or(MoneyFault::OutOfRange)?;
        Money::rounded(exact, base.currency)
    }
}
