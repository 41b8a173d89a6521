//! Renewals: whose act they are, what the next one will cost, paying for another period (PAY-6, PAY-8, BIL-8).
pub mod due;
pub mod expire;
mod next;
mod owner;
pub mod ownership;
mod renew;

crate::api::room::room!(
    next::get_next_renewal,
    owner::set_renewal_owner,
    renew::renew_product,
);
