//! What the rows say of every instant, past ones too: intervals are closed where their partnership has ended, and
//! never overlap where PSH-1 to PSH-3 forbid it.
use super::model::Status;
use super::{Game, Outcome};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use mandat::db::schema::{partnership_terms, selections};
use mandat::domain::access::Level;
use mandat::domain::id::{PartnershipId, ProductId};
use proptest::prelude::*;

type Terms = (
    PartnershipId,
    Level,
    Option<Level>,
    NaiveDateTime,
    Option<NaiveDateTime>,
);
type Selected = (
    PartnershipId,
    ProductId,
    NaiveDateTime,
    Option<NaiveDateTime>,
);

impl Game<'_> {
    pub async fn intervals_are_right(&self, customer: usize) -> Outcome<()> {
        let of = self.cast.organizations[customer];
        let rows = self.cast.world.db.read(move |tx| {
            let terms: Vec<Terms> = partnership_terms::table
                .filter(partnership_terms::customer_id.eq(of))
                .select((
                    partnership_terms::partnership_id,
                    partnership_terms::level,
                    partnership_terms::live_level,
                    partnership_terms::valid_from,
                    partnership_terms::valid_to,
                ))
                .load(tx.conn)?;
            let selected: Vec<Selected> = selections::table
                .filter(selections::customer_id.eq(of))
                .select((
                    selections::partnership_id,
                    selections::product_id,
                    selections::valid_from,
                    selections::valid_to,
                ))
                .load(tx.conn)?;
            Ok((terms, selected))
        });
        let rows = rows.await;
        let (terms, selected) =
            rows.map_err(|error| TestCaseError::fail(format!("no rows: {error}")))?;
        for (number, (id, level, live, from, to)) in terms.iter().enumerate() {
            prop_assert_eq!(*live, to.is_none().then_some(*level), "{}", id);
            for (other_id, other, _, other_from, other_to) in &terms[number + 1..] {
                let both_limited = (level, other) == (&Level::Limited, &Level::Limited);
                prop_assert!(
                    both_limited && id != other_id || apart((from, to), (other_from, other_to)),
                    "{id} beside {other_id} at {from} and {other_from}"
                );
            }
        }
        for (number, (id, product, from, to)) in selected.iter().enumerate() {
            for (other_id, other, other_from, other_to) in &selected[number + 1..] {
                prop_assert!(
                    product != other || apart((from, to), (other_from, other_to)),
                    "{product} in {id} and {other_id}"
                );
            }
            let within = |one: &&Terms| {
                one.0 == *id && one.3 <= *from && !apart((from, to), (&one.3, &one.4))
            };
            let holder = terms.iter().find(within).map(|one| (one.1, one.4));
            prop_assert_eq!(
                holder.map(|(level, _)| level),
                Some(Level::Limited),
                "{}",
                id
            );
            let ends = holder.and_then(|(_, ends)| ends);
            prop_assert!(
                ends.is_none_or(|ends| to.is_some_and(|to| to <= ends)),
                "{product} outlasts the terms of {id}"
            );
        }
        self.open_as_they_stand(customer, &terms)
    }

    /// One open version while in force, none before and after.
    fn open_as_they_stand(&self, customer: usize, terms: &[Terms]) -> Outcome<()> {
        let all = self.model.partnerships.iter();
        for one in all.filter(|one| one.customer == customer) {
            let open = |row: &&Terms| row.0.to_string() == one.id && row.4.is_none();
            let expected = usize::from(one.status == Status::Active);
            prop_assert_eq!(terms.iter().filter(open).count(), expected, "{}", one.id);
        }
        Ok(())
    }
}

type Interval<'a> = (&'a NaiveDateTime, &'a Option<NaiveDateTime>);

fn apart((from, to): Interval, (other_from, other_to): Interval) -> bool {
    to.is_some_and(|to| to <= *other_from) || other_to.is_some_and(|to| to <= *from)
}
