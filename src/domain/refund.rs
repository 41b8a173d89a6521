//! What a refund takes back of the cashback that its charge earned (BIL-4).
use super::money::{Money, MoneyFault};

/// Why a refund is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundFault {
    /// A refund of nothing or less, or a negative cashback or earlier refund.
    NotPositive,
    /// All refunds together would exceed the charge.
    MoreThanCharged,
    Money(MoneyFault),
}

impl From<MoneyFault> for RefundFault {
    fn from(fault: MoneyFault) -> Self {
        Self::Money(fault)
    }
}

/// The cashback that one refund takes back (BIL-4). After refunds of x out of a charge c, it is
/// round(k·x/c) in all, half away from zero; this refund takes what the earlier ones left of that,
/// so that the parts add up to the whole. `refunded_before` is the sum of the earlier refunds. A
/// discount is given back in the same proportion.
pub fn cashback_returned(
    charged: Money,
    cashback: Money,
    refunded_before: Money,
    refund: Money,
) -> Result<Money, RefundFault> {
    if refund.minor < 1 || refunded_before.minor < 0 || cashback.minor < 0 {
        return Err(RefundFault::NotPositive);
    }
    let refunded = refunded_before.checked_add(refund)?;
    if charged.checked_sub(refunded)?.minor < 0 {
        return Err(RefundFault::MoreThanCharged);
    }
    let before = returned(cashback, refunded_before, charged)?;
    Ok(returned(cashback, refunded, charged)?.checked_sub(before)?)
}

/// round(k·x/c), for k, x ≥ 0 and c > 0. In integers, since a quotient of decimals is cut at 28
/// digits and could fall on the wrong side of a half; the widest product, 2 × `i64::MAX`², fits.
fn returned(cashback: Money, refunded: Money, charged: Money) -> Result<Money, MoneyFault> {
    if cashback.currency != charged.currency {
        return Err(MoneyFault::CurrencyMismatch);
    }
    let [k, x, c] = [cashback, refunded, charged].map(|money| i128::from(money.minor));
    let minor = i64::try_from((2 * k * x + c) / (2 * c)).map_err(|_| MoneyFault::OutOfRange)?;
    Ok(Money {
        minor,
        currency: cashback.currency,
    })
}
