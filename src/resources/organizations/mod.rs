//! Organizations, and what belongs to them: members, products, payment methods.
mod admin;
mod handlers;
pub mod mails;
pub mod model;
pub mod named;
mod payment_methods;
pub mod products;
pub mod reach;

crate::api::room::room!(
    handlers::list_organizations,
    handlers::create_organization,
    handlers::get_organization,
    handlers::update_organization,
    admin::list_all_organizations,
    admin::create_organization_for_user,
    payment_methods::list_payment_methods,
    payment_methods::add_payment_method,
    payment_methods::remove_payment_method,
    products::list_products,
    products::get_product,
    products::update_product,
);
