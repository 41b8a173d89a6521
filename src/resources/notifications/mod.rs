//! What a person is told: in the application, by mail unless turned off, and how to turn it off (NTF-2).
mod handlers;
pub mod model;
mod preferences;

crate::api::room::room!(
    handlers::list_notifications,
    handlers::read_notification,
    preferences::get_notification_preferences,
    preferences::replace_notification_preferences,
    preferences::unsubscribe
);
