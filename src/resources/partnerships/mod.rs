//! Partnerships: what a customer lets a partner do, from start to end (PSH-1 to PSH-9).
pub mod model;
