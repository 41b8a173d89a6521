//! Renewals that are reported when their period, or what the partner could pay for, is over: whose the next
//! ones are, and who is told (PAY-6, PRC-4).
use crate::money::card;
use crate::partnerships::{partnership, set_payment_mode};
use crate::program::random_stories;
use crate::renewals::{next, set_owner};
use crate::reports::{event, report, with};
use crate::world::{World, on_each_engine};
use chrono::{Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use diesel::prelude::*;
use mandat::db::schema::events;
use mandat::domain::event::EventType;
use mandat::resources::billing::verify::verify;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Two hostings of Praxis Weiss, with nothing but their first month paid: the late renewals of the first are
/// reported in one batch, those of the second one by one.
struct Twins<'w> {
    world: &'w World,
    weiss: String,
    products: [String; 2],
    /// The day after the first month.
    first: NaiveDate,
}

impl<'w> Twins<'w> {
    async fn of(world: &'w World, initiator: &str) -> Self {
        let weiss = world.organization("Praxis Weiss").await;
        world.advance(TimeDelta::seconds(1));
        let mut reported = Vec::new();
        for twin in ["one", "other"] {
            let now = world.clock.now();
            let order = event(&format!("{now}/{twin}"), &weiss, 1, now);
            let order = with(order, "initiator", json!(initiator));
            reported.push(report(world, order).await.expect(201));
        }
        let first = reported[0].text_of("/period_end").parse();
        let products = reported.iter().map(|one| one.text_of("/product/id"));
        let products = <[String; 2]>::try_from(products.collect::<Vec<_>>());
        Self {
            world,
            weiss,
            products: products.expect("two products"),
            first: first.expect("a date"),
        }
    }

    /// An instant some days after the first month.
    fn days_after(&self, days: i64) -> NaiveDateTime {
        self.first.and_time(NaiveTime::MIN) + TimeDelta::days(days)
    }

    /// To some days after the first month.
    fn advance_to(&self, days: i64) {
        let at = self.days_after(days);
        self.world.advance(at - self.world.clock.now());
    }

    /// Reports renewals: of which month after the first, paid how many days after it by whom.
    async fn renew(&self, renewals: &[(i32, i64, &str)]) {
        for (twin, product) in self.products.iter().enumerate() {
            let reports: Vec<Value> = renewals
                .iter()
                .map(|(month, days, by)| {
                    let id = format!("{product}/{month}");
                    let paid = event(&id, &self.weiss, 1, self.days_after(*days));
                    let paid = with(paid, "kind", json!("renewal"));
                    let paid = with(paid, "product_id", json!(product));
                    let paid = with(paid, "initiator", json!(by));
                    with(paid, "period_start", json!(self.month(*month)))
                })
                .collect();
            let batches = match twin {
                0 => vec![json!(reports)],
                _ => reports.into_iter().map(|one| json!([one])).collect(),
            };
            for batch in batches {
                let path = "/v1/billing-events/batch";
                let answer = self.world.post("tom", path, batch).await.expect(200);
                assert_eq!(answer.body["refused"], 0, "{}", answer.text);
            }
        }
    }

    fn month(&self, number: i32) -> NaiveDate {
        let months = Months::new(number.unsigned_abs());
        match number < 0 {
            true => self.first - months,
            false => self.first + months,
        }
    }

    /// When so many months end that were paid after the first; a short one may shorten what follows.
    fn end(&self, months: i32) -> NaiveDate {
        match months {
            0 => self.first,
            _ => self.month(months - 1) + Months::new(1),
        }
    }

    /// Both are in this state, paid for so many months after the first, their renewals these people's; and the
    /// books are right.
    async fn are(&self, state: &str, until: i32, owner: Option<&str>) {
        let owner = owner.map_or(Value::Null, |name| json!(name));
        let expected = json!([state, self.end(until), owner, false]);
        assert_eq!(self.look().await, [expected.clone(), expected]);
    }

    /// The state of each, until when it is paid, whose its renewals are and whether they are automatic; the
    /// books are right.
    async fn look(&self) -> [Value; 2] {
        let mut seen = Vec::new();
        for product in &self.products {
            let path = format!("/v1/organizations/{}/products/{product}", self.weiss);
            let of = self.world.get("karl", &path).await.expect(200).body;
            let next = next(self.world, "karl", &self.weiss, product).await;
            let next = next.expect(200).body;
            let owner = &next["owner"]["name"];
            seen.push(json!([
                of["state"],
                of["renews_on"],
                owner,
                next["automatic"]
            ]));
        }
        let proof = self.world.db.snapshot(verify).await;
        let proof = proof.expect("the books are read");
        assert_eq!(proof.differences, Vec::<String>::new());
        <[Value; 2]>::try_from(seen).expect("two products")
    }

    /// Of each that fell back both sides were told this often, and that it is due after so many months.
    async fn fell_back(&self, due: &[i32]) {
        let due: Vec<Value> = due.iter().map(|month| json!(self.end(*month))).collect();
        assert_eq!(self.told().await, [due.clone(), due]);
    }

    /// When each was due, as often as both sides were told that it fell back.
    async fn told(&self) -> [Vec<Value>; 2] {
        let told = self.world.db.read(|tx| {
            let told = events::table.filter(events::kind.eq(EventType::RenewalsFellBack));
            Ok(told.select(events::data).load::<String>(tx.conn)?)
        });
        let told = told.await.expect("events are read");
        let told = told.iter().map(|data| serde_json::from_str(data));
        let told: Vec<Value> = told.collect::<Result<_, _>>().expect("JSON");
        let listed: Vec<&Value> = told
            .iter()
            .filter_map(|data| data["products"].as_array())
            .flatten()
            .collect();
        self.products.each_ref().map(|product| {
            let of = listed.iter().filter(|one| one["product_id"] == *product);
            of.map(|one| one["renews_on"].clone()).collect()
        })
    }
}

async fn customer_pays(world: &World) {
    let id = partnership(world, "karl", "Praxis Weiss").await;
    set_payment_mode(world, "karl", &id, "customer")
        .await
        .expect(200);
}

#[test]
fn prc_4_what_expired_and_was_paid_in_time_by_two_late_renewals_is_somebodys_again() {
    on_each_engine(async |world| {
        for (initiator, owner) in [("customer", "Praxis Weiss"), ("partner", "Studio Lumen")] {
            let twins = Twins::of(world, initiator).await;
            twins.advance_to(38);
            twins.are("expired", 0, None).await;
            twins.renew(&[(0, -2, initiator), (1, -1, initiator)]).await;
            twins.are("active", 2, Some(owner)).await;
        }
    });
}

#[test]
fn pay_6_what_the_partner_paid_for_in_time_and_is_reported_late_has_fallen_back_and_is_told_once() {
    on_each_engine(async |world| {
        let twins = Twins::of(world, "partner").await;
        twins.advance_to(20);
        customer_pays(world).await;
        twins.advance_to(38);
        twins.are("expired", 0, None).await;
        twins.fell_back(&[]).await;
        twins.renew(&[(0, -1, "partner"), (1, 15, "partner")]).await;
        twins.are("active", 2, Some("Praxis Weiss")).await;
        twins.fell_back(&[2]).await;
    });
}

#[test]
fn pay_6_nobody_is_told_whose_was_what_fell_back_and_is_over() {
    on_each_engine(async |world| {
        let twins = Twins::of(world, "partner").await;
        twins.advance_to(20);
        customer_pays(world).await;
        twins.advance_to(70);
        twins.renew(&[(0, -1, "partner"), (1, 15, "partner")]).await;
        twins.are("expired", 2, None).await;
        twins.fell_back(&[]).await;
    });
}

#[test]
fn pay_6_what_was_paid_before_the_last_payment_changes_no_hands_when_it_is_reported_late() {
    on_each_engine(async |world| {
        let twins = Twins::of(world, "customer").await;
        twins.advance_to(5);
        twins.renew(&[(0, -1, "customer")]).await;
        twins.renew(&[(1, -3, "partner")]).await;
        twins.are("active", 2, Some("Praxis Weiss")).await;
        twins.renew(&[(2, 1, "partner")]).await;
        twins.are("active", 3, Some("Studio Lumen")).await;
    });
}

#[test]
fn pay_6_whoever_paid_last_owns_the_next_renewal_in_whichever_order_that_is_reported() {
    on_each_engine(async |world| {
        for (reported, first, last, owner) in [
            (5, "partner", "customer", "Praxis Weiss"),
            (38, "customer", "partner", "Studio Lumen"),
        ] {
            let mut renewals = [(0, -3, first), (1, -1, last)];
            for _ in 0..2 {
                let twins = Twins::of(world, "customer").await;
                twins.advance_to(reported);
                twins.renew(&renewals).await;
                twins.are("active", 2, Some(owner)).await;
                renewals.reverse();
            }
        }
    });
}

#[test]
fn pay_6_what_the_customer_has_confirmed_since_stays_so_whatever_is_reported_late() {
    on_each_engine(async |world| {
        let twins = Twins::of(world, "customer").await;
        twins.advance_to(-5);
        let card = card(world, "karl", &twins.weiss).await;
        for product in &twins.products {
            let owner = json!({"owner": "customer", "payment_method_id": card});
            set_owner(world, "karl", (&twins.weiss, product), owner)
                .await
                .expect(200);
        }
        twins.advance_to(-2);
        twins.renew(&[(0, -10, "partner")]).await;
        let kept = json!(["active", twins.end(1), "Praxis Weiss", true]);
        assert_eq!(twins.look().await, [kept.clone(), kept]);
    });
}

#[test]
fn pay_6_what_the_customer_paid_for_since_has_not_fallen_back_from_the_partner() {
    on_each_engine(async |world| {
        let twins = Twins::of(world, "partner").await;
        twins.advance_to(20);
        customer_pays(world).await;
        twins.advance_to(38);
        let renewals = [(0, -1, "partner"), (1, 15, "customer")];
        twins.renew(&renewals).await;
        twins.are("active", 2, Some("Praxis Weiss")).await;
        twins.fell_back(&[]).await;
    });
}

#[test]
fn pay_6_what_is_over_is_the_customers_where_somebody_else_paid_later() {
    on_each_engine(async |world| {
        let twins = Twins::of(world, "partner").await;
        twins.advance_to(38);
        twins
            .renew(&[(0, -1, "partner"), (1, -2, "customer")])
            .await;
        twins.are("active", 2, Some("Praxis Weiss")).await;
        twins.fell_back(&[]).await;
    });
}

#[test]
fn pay_6_a_late_renewal_of_an_old_period_leaves_what_is_over_as_it_is() {
    on_each_engine(async |world| {
        let twins = Twins::of(world, "customer").await;
        twins.advance_to(38);
        twins
            .renew(&[(-4, -1, "partner"), (-3, 2, "customer")])
            .await;
        twins.are("expired", 0, None).await;
        let expired = world.db.read(|tx| {
            let expired = events::table.filter(events::kind.eq(EventType::ProductExpired));
            Ok(expired.count().get_result::<i64>(tx.conn)?)
        });
        assert_eq!(expired.await.expect("events are counted"), 2);
    });
}

/// What is reported on a day, all days counted from the end of the first month; on one of them the customer
/// may have begun to pay.
#[derive(Debug, Clone)]
struct Story {
    initiator: &'static str,
    switch: Option<i64>,
    reported: i64,
    renewals: Vec<(i32, i64, &'static str)>,
}

fn stories() -> impl Strategy<Value = Story> {
    let side = || prop_oneof![Just("customer"), Just("partner")];
    // The order paid for the month before.
    let months = Just(vec![-3, -2, 0, 1, 2, 3]).prop_shuffle();
    let paid = (any::<prop::sample::Index>(), side());
    let renewals = (months, prop::collection::vec(paid, 1..=4));
    let story = (side(), prop::option::of(-20..60i64), 1..100i64, renewals);
    story.prop_map(|(initiator, switch, reported, (months, paid))| {
        // Not before it was ordered, nor after it is reported.
        let day = |at: prop::sample::Index| at.index(26 + reported as usize) as i64 - 25;
        let renewals = months.into_iter().zip(paid);
        Story {
            initiator,
            switch: switch.filter(|day| *day < reported),
            reported,
            renewals: renewals
                .map(|(month, (at, by))| (month, day(at), by))
                .collect(),
        }
    })
}

proptest! {
    #![proptest_config(random_stories("LATE_STORIES", 8))]

    #[test]
    fn pay_6_late_renewals_come_to_the_same_in_one_batch_and_one_by_one(story in stories()) {
        on_each_engine(async |world| {
            let twins = Twins::of(world, story.initiator).await;
            if let Some(day) = story.switch {
                twins.advance_to(day);
                customer_pays(world).await;
            }
            twins.advance_to(story.reported);
            twins.renew(&story.renewals).await;
            let [one, other] = twins.look().await;
            assert_eq!(one, other);
            let [one, other] = twins.told().await;
            assert_eq!(one.is_empty(), other.is_empty());
        });
    }
}
