//! Two processes of the program over one database, and everything due at once (BIL-8).
use crate::money::{cashback, order};
use crate::program::Program;
use crate::world::{World, on_each_engine};
use chrono::{Days, Months, NaiveDate};
use diesel::prelude::*;
use mandat::db::schema::{billing_events, invoices, products};
use mandat::domain::billing::EventKind;
use mandat::domain::id::ProductId;
use mandat::domain::settlement::Payer;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How many products each side orders; all of them are due at once.
const ORDERED: i64 = 60;
/// What a mailbox costs, and what it costs the partner, in centimes.
const LIST: i64 = 210;
const PARTNER: i64 = 168;

/// Orders of a family without tiers, one product a line: of one unit, of two, and so on.
async fn ordered(world: &World, who: &str, side: &str, customer: &'static str) -> Vec<String> {
    let line = |units| json!({"family": "mail", "quantity": units, "period": "monthly"});
    let lines: Vec<Value> = (1..=ORDERED).map(line).collect();
    let placed = order(world, who, side, customer, "CHF", json!(lines)).await;
    let placed = placed.expect(201);
    let made = placed.body["products"].as_array().into_iter().flatten();
    made.filter_map(|one| one["id"].as_str())
        .map(str::to_owned)
        .collect()
}

/// These products are due on a day; when they will be next.
async fn due_on(
    world: &World,
    day: NaiveDate,
    ordered: &[String],
) -> BTreeMap<ProductId, NaiveDate> {
    let ids = ordered.iter().map(|id| id.parse().expect("an id"));
    let due: Vec<ProductId> = ids.collect();
    let of = due.clone();
    let moved = world.db.write(move |tx| {
        let of = products::table.filter(products::id.eq_any(&of));
        let of = diesel::update(of.filter(products::automatic.eq(true)));
        Ok(of.set(products::renews_on.eq(day)).execute(tx.conn)?)
    });
    assert_eq!(moved.await.expect("products are due"), due.len());
    let next = day + Months::new(1);
    due.into_iter().map(|product| (product, next)).collect()
}

#[derive(Debug, Queryable)]
struct Renewal {
    product: ProductId,
    quantity: i64,
    payer: Payer,
    charged: i64,
    cashback: i64,
    starts: NaiveDate,
}

async fn renewals(world: &World) -> Vec<Renewal> {
    let found = world.db.read(|tx| {
        Ok(billing_events::table
            .filter(billing_events::kind.eq(EventKind::Renewal))
            .select((
                billing_events::product_id,
                billing_events::quantity,
                billing_events::payer,
                billing_events::charged_minor,
                billing_events::cashback_minor,
                billing_events::period_start,
            ))
            .load(tx.conn)?)
    });
    found.await.expect("renewals are read")
}

#[test]
fn bil_8_two_processes_renew_each_product_once() {
    on_each_engine(async |world| {
        let by_customer = ordered(world, "sofia", "customer", "Galerie Arno").await;
        let by_partner = ordered(world, "claire", "partner", "Praxis Weiss").await;
        // A period later than the one that was ordered, and near enough to be renewed now.
        let day = world.clock.now().date() + Days::new(1);
        let due = due_on(world, day, &[&by_customer[..], &by_partner].concat()).await;
        assert_eq!(due.len() as i64, 2 * ORDERED);
        let mut both = [Program::work(world), Program::work(world)];
        both.iter_mut().for_each(Program::works);
        let begun = Instant::now();
        while renewals(world).await.len() < due.len() {
            assert!(begun.elapsed() < Duration::from_secs(60), "nobody renews");
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
        both.into_iter().for_each(Program::stop);
        let renewed = renewals(world).await;
        let once: BTreeMap<ProductId, &Renewal> =
            renewed.iter().map(|one| (one.product, one)).collect();
        assert_eq!(renewed.len(), due.len());
        assert!(once.keys().eq(due.keys()), "each once");
        let mut earned = 0;
        for (product, one) in &once {
            assert_eq!(one.starts, day, "{one:?}");
            let (public, partner) = (LIST * one.quantity, PARTNER * one.quantity);
            let expected = match by_partner.contains(&product.to_string()) {
                true => (Payer::Partner, partner, 0),
                false => (Payer::Customer, public, public - partner),
            };
            assert_eq!((one.payer, one.charged, one.cashback), expected, "{one:?}");
            earned += one.cashback;
        }
        let ordered: i64 = (1..=ORDERED).sum();
        let earned = earned + ordered * (LIST - PARTNER);
        assert_eq!(
            cashback(world).await,
            format!("{}.{:02}", earned / 100, earned % 100)
        );
        let renewed_ones: Vec<ProductId> = due.keys().copied().collect();
        let read = world.db.read(move |tx| {
            let next: Vec<(ProductId, NaiveDate)> = products::table
                .filter(products::id.eq_any(&renewed_ones))
                .select((products::id, products::renews_on))
                .load(tx.conn)?;
            Ok((next, invoices::table.count().get_result::<i64>(tx.conn)?))
        });
        let (next, invoices) = read.await.expect("products and invoices are read");
        assert_eq!(next.into_iter().collect::<BTreeMap<_, _>>(), due);
        // One for each renewal, and those of the two orders.
        assert_eq!(invoices, renewed.len() as i64 + 2);
        Program::verify(world);
    });
}
