//! Organizations, and what belongs to them: members, products, payment methods.
pub mod model;
