//! The words of billing events, invoices and payment methods.
use super::words::words;

words! {
    /// What a billing event records.
    EventKind { Order = "order", Renewal = "renewal", Refund = "refund" }
}

words! {
    /// Who caused a billing event.
    Initiator { Customer = "customer", Partner = "partner", Automatic = "automatic" }
}

words! {
    /// A prepaid payment settles at once, any other leaves the invoice open (PAY-7).
    InvoiceStatus { Open = "open", Paid = "paid", Failed = "failed" }
}

words! {
    /// What kind of payment method it is.
    PaymentMethodKind { Card = "card", BankAccount = "bank_account", Prepaid = "prepaid" }
}

words! {
    /// A payment method that the payment provider keeps, by a token.
    ProviderMethodKind { Card = "card", BankAccount = "bank_account" }
}

impl From<ProviderMethodKind> for PaymentMethodKind {
    fn from(kind: ProviderMethodKind) -> Self {
        match kind {
            ProviderMethodKind::Card => Self::Card,
            ProviderMethodKind::BankAccount => Self::BankAccount,
        }
    }
}
