//! The proof of the audit log: every link, every address that is still known, every signed head.
use super::chain::{self, Head, Linked};
use crate::db::Tx;
use crate::db::schema::{audit_heads, audit_log};
use crate::domain::audit::AuditFault;
use crate::domain::id::EntryId;
use crate::error::Result;
use crate::secret;
use diesel::prelude::*;
use std::fmt;

/// How much was looked at, where the chain ends, and each difference.
pub struct Proof {
    pub entries: i64,
    pub head: Option<Head>,
    pub differences: Vec<Difference>,
}

/// One difference, from one position to another.
pub struct Difference {
    pub fault: AuditFault,
    pub from: i64,
    pub to: i64,
    pub entry: Option<EntryId>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "audit log at {}", self.from)?;
        if self.to > self.from {
            write!(f, " to {}", self.to)?;
        }
        if let Some(entry) = self.entry {
            write!(f, " ({entry})")?;
        }
        write!(f, ": {}", self.fault)
    }
}

/// How many differences are named.
const MOST: usize = 1000;
/// How many rows are in memory at a time.
const CHUNK: i64 = 1000;

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_log)]
struct Kept {
    #[diesel(embed)]
    linked: Linked,
    address: Option<String>,
    salt: Option<Vec<u8>>,
    position: Option<i64>,
    link: Option<Vec<u8>>,
}

impl Kept {
    /// The address is what was committed to, or has gone with its salt (ERA-1).
    fn address_holds(&self) -> bool {
        match (&self.address, &self.salt, &self.linked.address_digest) {
            (None, None, _) => true,
            (Some(address), Some(salt), Some(digest)) => {
                secret::commitment(salt, address) == *digest
            }
            _ => false,
        }
    }
}

/// Proves the log, and that it still holds what these heads, kept elsewhere, say it held.
pub fn verify(tx: &mut Tx, elsewhere: Vec<Head>) -> Result<Proof> {
    let mut heads: Vec<Head> = audit_heads::table.select(Head::as_select()).load(tx.conn)?;
    heads.extend(elsewhere);
    let mut proof = Proof {
        entries: 0,
        head: chain::head(tx)?,
        differences: Vec::new(),
    };
    let mut trusted = Vec::new();
    for head in heads {
        match head.is_ours(tx.keys)? {
            true => trusted.push(head),
            false => proof.found(AuditFault::HeadForged, head.position, None),
        }
    }
    let (mut last, mut link) = (0, Vec::new());
    loop {
        let rows: Vec<Kept> = audit_log::table
            .filter(audit_log::position.gt(last))
            .order(audit_log::position)
            .limit(CHUNK)
            .select(Kept::as_select())
            .load(tx.conn)?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let (position, kept) = (row.position.unwrap_or_default(), row.link.clone());
            if position > last + 1 {
                proof.found_range(AuditFault::Missing, last + 1, position - 1);
            }
            let expected = row.linked.link(tx.keys, &link, position)?;
            link = kept.unwrap_or_default();
            // After a gap nothing is known of what stood before.
            if link != expected && position == last + 1 {
                proof.found(AuditFault::Altered, position, Some(row.linked.id));
            }
            if !row.address_holds() {
                proof.found(AuditFault::AddressAltered, position, Some(row.linked.id));
            }
            let differs = |head: &Head| head.position == position && head.link != link;
            if trusted.iter().any(differs) {
                proof.found(AuditFault::HeadDiffers, position, Some(row.linked.id));
            }
            proof.entries += 1;
            last = position;
        }
    }
    if let Some(furthest) = trusted.iter().map(|head| head.position).max()
        && furthest > last
    {
        proof.found_range(AuditFault::CutOff, last + 1, furthest);
    }
    Ok(proof)
}

impl Proof {
    fn found(&mut self, fault: AuditFault, at: i64, entry: Option<EntryId>) {
        self.add(fault, (at, at), entry);
    }

    fn found_range(&mut self, fault: AuditFault, from: i64, to: i64) {
        self.add(fault, (from, to), None);
    }

    fn add(&mut self, fault: AuditFault, (from, to): (i64, i64), entry: Option<EntryId>) {
        if self.differences.len() < MOST {
            self.differences.push(Difference {
                fault,
                from,
                to,
                entry,
            });
        }
    }
}
