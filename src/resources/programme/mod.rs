//! Enrolment in the partner programme (PRG-1, PRG-2).
pub mod model;
