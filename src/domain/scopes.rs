//! The six permission scopes, and what each partnership gives of them (SPEC section 5).
//!
//! [`granted`] is the one copy of that table: the policy, the reference endpoint, a partnership's
//! scopes and the access checks all read it.
use super::access::{PaymentMode, Terms};
use super::words::words;

words! {
    /// One of the six rights of a partnership.
    ScopeName {
        ProductManagement = "product_management",
        UserManagement = "user_management",
        OrdersAndRenewals = "orders_and_renewals",
        Revenue = "revenue",
        Discounts = "discounts",
        PaymentMethods = "payment_methods",
    }
}

words! {
    /// How much of a scope is given.
    Extent { None = "none", SelectedProducts = "selected_products", All = "all", Yes = "yes" }
}

words! {
    /// Under what condition a scope is given.
    Condition {
        PaidByCustomer = "paid_by_customer",
        PaidByPartner = "paid_by_partner",
        ManagedCustomerOrders = "managed_customer_orders",
        AllOrders = "all_orders",
        CustomerOrders = "customer_orders",
        PartnerOrders = "partner_orders",
        CustomerMethods = "customer_methods",
        PartnerMethods = "partner_methods",
    }
}

/// One cell of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    pub extent: Extent,
    pub condition: Option<Condition>,
}

const fn plain(extent: Extent) -> Grant {
    Grant {
        extent,
        condition: None,
    }
}

const fn when(extent: Extent, condition: Condition) -> Grant {
    Grant {
        extent,
        condition: Some(condition),
    }
}

/// What these terms give of this scope.
pub const fn granted(scope: ScopeName, terms: Terms) -> Grant {
    use {Condition::*, PaymentMode::*, ScopeName::*, Terms::*};
    match (scope, terms) {
        (ProductManagement, Limited) => plain(Extent::SelectedProducts),
        (ProductManagement, Full { .. }) => plain(Extent::All),
        (UserManagement, Limited | Full { .. }) => plain(Extent::Yes),
        (OrdersAndRenewals, Limited) => plain(Extent::None),
        (
            OrdersAndRenewals,
            Full {
                payment_mode: Customer,
            },
        ) => when(Extent::Yes, PaidByCustomer),
        (
            OrdersAndRenewals,
            Full {
                payment_mode: Partner,
            },
        ) => when(Extent::Yes, PaidByPartner),
        (Revenue, Limited) => when(Extent::SelectedProducts, ManagedCustomerOrders),
        (
            Revenue,
            Full {
                payment_mode: Customer,
            },
        ) => when(Extent::All, AllOrders),
        (
            Revenue,
            Full {
                payment_mode: Partner,
            },
        ) => when(Extent::All, CustomerOrders),
        (
            Discounts,
            Limited
            | Full {
                payment_mode: Customer,
            },
        ) => plain(Extent::None),
        (
            Discounts,
            Full {
                payment_mode: Partner,
            },
        ) => when(Extent::All, PartnerOrders),
        (PaymentMethods, Limited) => plain(Extent::None),
        (
            PaymentMethods,
            Full {
                payment_mode: Customer,
            },
        ) => when(Extent::Yes, CustomerMethods),
        (
            PaymentMethods,
            Full {
                payment_mode: Partner,
            },
        ) => when(Extent::Yes, PartnerMethods),
    }
}
