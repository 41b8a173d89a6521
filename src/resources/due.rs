//! What falls due by the clock alone, in the order in which it does: partnerships that start (PSH-12),
//! and products whose period ends (BIL-13).
use super::partnerships::start;
use super::renewals::expire;
use crate::db::Tx;
use crate::db::due::Due;
use crate::error::Result;
use chrono::NaiveDateTime;

pub const DUE: Due = Due { next, apply };

fn next(tx: &mut Tx) -> Result<Option<NaiveDateTime>> {
    let (start, end) = (start::next_due(tx)?, expire::next_due(tx)?);
    Ok([start, end].into_iter().flatten().min())
}

/// A start moves renewals between the sides, so what had ended by then has to be gone before it.
fn apply(tx: &mut Tx) -> Result<bool> {
    let Some(agreed) = start::first_due(tx)? else {
        return expire::apply_due(tx);
    };
    let now = tx.now;
    tx.now = agreed.started_at;
    let ended = !expire::apply_due(tx)?;
    if ended {
        start::apply(tx, &agreed)?;
    }
    tx.now = now;
    Ok(true)
}
