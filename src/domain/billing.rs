//! The words of billing events, invoices and payment methods.
use super::words::words;

words! {
    /// What a billing event records.
    EventKind { Order = "order", Renewal = "renewal", Refund = "refund" }
}

words! {
    /// What happened elsewhere, and is reported (BIL-3).
    ReportedKind { Order = "order", Renewal = "renewal" }
}

impl From<ReportedKind> for EventKind {
    fn from(kind: ReportedKind) -> Self {
        match kind {
            ReportedKind::Order => Self::Order,
            ReportedKind::Renewal => Self::Renewal,
        }
    }
}

words! {
    /// What a line about a billing event records: the event, or that its payment failed later.
    LineKind {
        Order = "order",
        Renewal = "renewal",
        Refund = "refund",
        /// The payment failed: what refunds had left of the charge and of what it earned is undone.
        FailedPayment = "failed_payment",
    }
}

impl From<EventKind> for LineKind {
    fn from(kind: EventKind) -> Self {
        match kind {
            EventKind::Order => Self::Order,
            EventKind::Renewal => Self::Renewal,
            EventKind::Refund => Self::Refund,
        }
    }
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
