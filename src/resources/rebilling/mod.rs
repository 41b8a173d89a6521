//! Rebilling: what a partner charges its customer for what it paid for itself (BIL-7).
mod draw;
mod lines;
mod model;
mod terms;

crate::api::room::room!(
    terms::get_rebilling_terms,
    terms::set_rebilling_terms,
    draw::draw_rebilling,
);
