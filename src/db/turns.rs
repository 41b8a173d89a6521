//! Taking turns. On a server, transactions that change the same rows collide, and all but one run again;
//! those of one node that are known to meet wait for each other instead.
use std::collections::BTreeSet;
use tokio::sync::{Mutex, MutexGuard};

/// One place for each value of a byte: acts that share one by chance wait for nothing, and not long.
pub struct Turns([Mutex<()>; 256]);

/// What an act changes, as far as it is known before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn(u8);

impl Turn {
    /// Of an id or a hash, whose last byte is as good as random.
    pub fn of(bytes: &[u8]) -> Self {
        Self(bytes.last().copied().unwrap_or_default())
    }
}

impl Turns {
    /// Waits for all of them, always in the same order: nobody holds what another needs that waits for it.
    pub async fn take(&self, turns: &BTreeSet<Turn>) -> Vec<MutexGuard<'_, ()>> {
        let mut taken = Vec::new();
        for Turn(place) in turns {
            taken.push(self.0[usize::from(*place)].lock().await);
        }
        taken
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}
