//! Leases: which node does a piece of work that only one may do at a time.
use super::Tx;
use super::schema::leases;
use crate::domain::id::NodeId;
use crate::error::Result;
use chrono::TimeDelta;
use diesel::prelude::*;

/// Takes the lease, or renews one's own, for so long; whether this node holds it now. The row stays
/// locked until the transaction ends, so what it writes is written by one node alone, however long
/// it took.
pub fn take(tx: &mut Tx, name: &str, node: NodeId, lasting: TimeDelta) -> Result<bool> {
    let until = tx.now + lasting;
    let free = leases::owner.eq(node).or(leases::expires_at.le(tx.now));
    let taken = diesel::update(leases::table.find(name))
        .filter(free)
        .set((leases::owner.eq(node), leases::expires_at.eq(until)))
        .execute(tx.conn)?;
    if taken == 1 {
        return Ok(true);
    }
    let known: i64 = leases::table.find(name).count().get_result(tx.conn)?;
    if known > 0 {
        return Ok(false);
    }
    // Of two nodes that both see none, the second meets the key and tries again.
    diesel::insert_into(leases::table)
        .values((
            leases::name.eq(name),
            leases::owner.eq(node),
            leases::expires_at.eq(until),
        ))
        .execute(tx.conn)?;
    Ok(true)
}
