//! Answers whose time tells nothing of what was found.
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Longer than the work behind it takes, by far.
const BEAT: Duration = Duration::from_millis(250);

/// Answers go out on the beat that follows the work: whether a mail was written or nobody has the
/// address cannot be told by the clock.
pub struct Evenly(Instant);

impl Evenly {
    pub fn begin() -> Self {
        Self(Instant::now())
    }

    pub async fn end(self) {
        let mut due = self.0 + BEAT;
        while due < Instant::now() {
            due += BEAT;
        }
        sleep_until(due).await;
    }
}
