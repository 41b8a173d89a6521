//! Reach: what two limits leave, and what two sources give (ORG-4).
use mandat::domain::id::{Id, ProductId};
use mandat::domain::reach::Reach;
use proptest::collection::btree_set;
use proptest::prelude::*;

fn product(byte: u8) -> ProductId {
    Id::from_bytes([byte; 16])
}

/// Everything, or some of eight products.
fn reaches() -> impl Strategy<Value = Reach> {
    let some = btree_set(0u8..8, 0..8)
        .prop_map(|bytes| Reach::Only(bytes.into_iter().map(product).collect()));
    prop_oneof![Just(Reach::Everything), some]
}

proptest! {
    #[test]
    fn org_4_limits_meet_and_sources_join(one in reaches(), other in reaches(), byte in 0u8..8) {
        let asked = product(byte);
        let (in_one, in_other) = (one.holds(asked), other.holds(asked));
        prop_assert_eq!(one.clone().meet(other.clone()).holds(asked), in_one && in_other);
        prop_assert_eq!(one.join(other).holds(asked), in_one || in_other);
    }
}
