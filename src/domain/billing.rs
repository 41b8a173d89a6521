//! The words of billing events, invoices and payment methods.
use super::words::words;

words! {
    EventKind { Order = "order", Renewal = "renewal", Refund = "refund" }
}

words! {
    Initiator { Customer = "customer", Partner = "partner", Automatic = "automatic" }
}

words! {
    /// A prepaid payment settles at once, any other leaves the invoice open (PAY-7).
    InvoiceStatus { Open = "open", Paid = "paid", Failed = "failed" }
}

words! {
    PaymentMethodKind { Card = "card", BankAccount = "bank_account", Prepaid = "prepaid" }
}
