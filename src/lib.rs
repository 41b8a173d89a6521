//! Mandat: the backend of a cloud provider's partner programme.
//!
//! Four floors; a floor looks down, never up.
//!
//! 1. `domain`     the rules, pure
//! 2. `db`         the door to the database, and its two engines
//! 3. `api`        the words every room speaks
//! 4. `resources`  one room a resource; `jobs`, what runs without a request
#![forbid(unsafe_code)]

pub mod config;
pub mod error;
pub mod secret;

pub mod domain;

pub mod db;

pub mod api;

pub mod resources;

pub mod demo;

pub mod bench;

pub mod service;

pub mod telemetry;

pub mod jobs;
