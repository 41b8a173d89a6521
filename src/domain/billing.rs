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
