//! The house itself: what must be true of it whatever the rooms say.
mod committed;
mod document;
mod floors;
mod personal;
mod texts;
