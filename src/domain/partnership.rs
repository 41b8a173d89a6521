//! When a partnership may start beside others (PSH-1 to PSH-3).
use super::access::Access;
use super::id::PartnershipId;
use std::collections::BTreeSet;

/// An open partnership of a customer, as far as conflicts go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    pub id: PartnershipId,
    pub access: Access,
}

/// The open partnerships that this access cannot stand beside.
pub fn conflicts(open: &[Open], wanted: &Access) -> BTreeSet<PartnershipId> {
    open.iter()
        .filter(|one| match (&one.access, wanted) {
            (Access::Full { .. }, Access::Full { .. } | Access::Limited { .. }) => true,
            (Access::Limited { .. }, Access::Full { .. }) => true,
            (Access::Limited { products: managed }, Access::Limited { products }) => {
                !managed.is_disjoint(products)
            }
        })
        .map(|one| one.id)
        .collect()
}
