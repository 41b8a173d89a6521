//! FLOOR 3: the words every room speaks.
pub mod access;
pub mod answer;
pub mod body;
pub mod caller;
pub mod csv;
pub mod docs;
pub mod field;
pub mod idempotency;
pub mod jwt;
pub mod locale;
pub mod media;
pub mod openapi;
pub mod page;
pub mod paths;
pub mod problem;
pub mod query;
pub mod reply;
pub mod room;
pub mod scopes;
pub mod views;

pub use body::Valid;
pub use caller::Caller;
pub use csv::Listed;
pub use idempotency::Post;
pub use page::{Listing, Page};
pub use query::Query;
pub use reply::{IfMatch, Reply};
