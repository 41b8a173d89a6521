//! The catalogue: product families and dated price lists (PRC-1, PRC-2, PRC-8).
pub mod model;
