//! The books beside a plain model: whatever happens in whatever order, balances, statements and both
//! sides' figures agree (PAY-6, PAY-7, PRC-4, PRC-5, BIL-1, BIL-3 to BIL-6, BIL-8, BIL-11 to BIL-13).
mod acts;
mod agreement;
mod model;

use self::acts::Books;
use crate::program::random_stories;
use crate::world::on_each_engine;
use proptest::prelude::*;

/// What happens; whatever it names is found by its number, counted round.
#[derive(Debug, Clone)]
enum Step {
    Order {
        customer: usize,
        by_partner: bool,
        prepaid: bool,
        lines: Vec<(usize, i64)>,
    },
    Renew {
        product: usize,
        by_partner: bool,
        prepaid: bool,
        reported: bool,
    },
    /// Is reported long after it happened.
    Late {
        mark: usize,
        customer: usize,
        by_partner: bool,
        line: (usize, i64),
    },
    /// The customer confirms that a product renews by itself.
    Confirm {
        product: usize,
    },
    Refund {
        event: usize,
        percent: i64,
    },
    Switch {
        customer: usize,
    },
    Report {
        invoice: usize,
        paid: bool,
    },
    Payout {
        percent: i64,
    },
    EndPayout {
        payout: usize,
        act: usize,
    },
    /// The month closes; what is due renews, and what nobody paid for expires.
    NextMonth,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let line = || (0..4usize, 1..50i64);
    let order = (
        0..2usize,
        any::<bool>(),
        any::<bool>(),
        prop::collection::vec(line(), 1..3),
    )
        .prop_map(|(customer, by_partner, prepaid, lines)| Step::Order {
            customer,
            by_partner,
            prepaid,
            lines,
        });
    let renew = (
        any::<usize>(),
        any::<bool>(),
        any::<bool>(),
        prop::bool::weighted(0.3),
    )
        .prop_map(|(product, by_partner, prepaid, reported)| Step::Renew {
            product,
            by_partner,
            prepaid,
            reported,
        });
    let late = (any::<usize>(), 0..2usize, any::<bool>(), line()).prop_map(
        |(mark, customer, by_partner, line)| Step::Late {
            mark,
            customer,
            by_partner,
            line,
        },
    );
    // Every third refund is whole.
    let percent = prop_oneof![2 => 1..=100i64, 1 => Just(100)];
    let step = prop_oneof![
        6 => order,
        3 => renew,
        2 => late,
        1 => any::<usize>().prop_map(|product| Step::Confirm { product }),
        3 => (any::<usize>(), percent).prop_map(|(event, percent)| Step::Refund { event, percent }),
        2 => (0..2usize).prop_map(|customer| Step::Switch { customer }),
        2 => (any::<usize>(), any::<bool>()).prop_map(|(invoice, paid)| Step::Report { invoice, paid }),
        2 => (1..=110i64).prop_map(|percent| Step::Payout { percent }),
        2 => (any::<usize>(), 0..4usize).prop_map(|(payout, act)| Step::EndPayout { payout, act }),
        2 => Just(Step::NextMonth),
    ];
    prop::collection::vec(step, 25..40)
}

proptest! {
    #![proptest_config(random_stories("PROPTEST_CASES", 3))]

    #[test]
    fn bil_5_bil_6_bil_11_the_books_agree_with_a_plain_model_after_each_step(steps in steps()) {
        on_each_engine(async |world| {
            let mut books = Books::of(world).await;
            for step in &steps {
                books.take(step).await;
                books.agree().await;
            }
            books.agree_in_the_end().await;
        });
    }
}
