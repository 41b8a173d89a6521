//! Counts the statements that a database is sent, each test's own by the database's name.
use diesel::connection::{InstrumentationEvent, set_default_instrumentation};
use std::collections::HashMap;
use std::sync::{Mutex, Once};

static SEEN: Mutex<Option<HashMap<String, Vec<String>>>> = Mutex::new(None);

/// Every connection that is made from now on counts.
pub fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        set_default_instrumentation(|| {
            let mut database = String::new();
            Some(Box::new(
                move |event: InstrumentationEvent<'_>| match event {
                    InstrumentationEvent::StartEstablishConnection { url, .. } => {
                        database = name(url);
                    }
                    InstrumentationEvent::StartQuery { query, .. } => {
                        let mut seen = SEEN.lock().expect("nobody panicked while counting");
                        seen.get_or_insert_default()
                            .entry(database.clone())
                            .or_default()
                            .push(query.to_string());
                    }
                    _ => {}
                },
            ))
        })
        .expect("the counter is set");
    });
}

/// The statements that a database has been sent since the last time it was asked.
pub fn taken(url: &str) -> Vec<String> {
    let mut seen = SEEN.lock().expect("nobody panicked while counting");
    seen.get_or_insert_default()
        .remove(&name(url))
        .unwrap_or_default()
}

fn name(url: &str) -> String {
    url.trim_start_matches("sqlite://").to_owned()
}
