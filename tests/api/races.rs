//! Thirty-two at once: whatever the order, one story holds (INV-8, PSH-4, PSH-6, PSH-8, PSH-10).
use crate::invitations::{accept, full, invite, limited};
use crate::money::{card, hosting, order};
use crate::partnerships::{end_partnership, partnership};
use crate::reports::{event, report};
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use chrono::{DateTime, TimeDelta};
use diesel::prelude::*;
use futures_util::future::{join, join_all};
use mandat::db::schema::{billing_events, partnership_terms};
use mandat::demo::PASSWORD;
use mandat::domain::id::PartnershipId;
use serde_json::{Value, json};

/// An act, as somebody asks for it.
struct Act<'a> {
    who: &'a str,
    request: fn() -> TestRequest,
    path: String,
    body: Value,
}

/// Sixteen of each, at once and mixed; the answers to the first and to the second.
async fn race(world: &World, first: &Act<'_>, second: &Act<'_>) -> (Vec<Answer>, Vec<Answer>) {
    let mut requests = Vec::new();
    for number in 0..32 {
        let act = if number % 2 == 0 { first } else { second };
        let token = world.token(act.who).await;
        requests.push(async move {
            loop {
                let request = (act.request)()
                    .uri(&act.path)
                    .insert_header(("authorization", format!("Bearer {token}")))
                    .insert_header(("if-match", "*"))
                    .insert_header(("idempotency-key", format!("race-{number}")))
                    .set_json(&act.body);
                let answer = world.send(request).await;
                // Whoever finds no place in the queue is told to come again, and does.
                if answer.status != 503 {
                    break answer;
                }
            }
        });
    }
    let (mut of_first, mut of_second) = (Vec::new(), Vec::new());
    for (number, answer) in join_all(requests).await.into_iter().enumerate() {
        if number % 2 == 0 {
            of_first.push(answer);
        } else {
            of_second.push(answer);
        }
    }
    (of_first, of_second)
}

fn with(answers: &[Answer], status: u16) -> usize {
    answers
        .iter()
        .filter(|answer| answer.status == status)
        .count()
}

fn statuses(answers: &[Answer]) -> Vec<(u16, &Value)> {
    let of = |answer: &'_ Answer| answer.status;
    answers
        .iter()
        .map(|answer| (of(answer), &answer.body["code"]))
        .collect()
}

#[test]
fn inv_8_accepting_twice_at_once_starts_one_partnership() {
    on_each_engine(async |world| {
        let mut invited = Vec::new();
        for partner in ["Studio Lumen", "Nordwerk"] {
            let sent = invite(world, "anna", "Bäckerei Sommer", partner, full("partner")).await;
            invited.push(sent.expect(201).id());
        }
        let act = |who, id: &str| Act {
            who,
            request: TestRequest::post,
            path: format!("/v1/invitations/{id}/accept"),
            body: json!({}),
        };
        let (lumen, nordwerk) = (act("claire", &invited[0]), act("jonas", &invited[1]));
        let (one, other) = race(world, &lumen, &nordwerk).await;
        let won = with(&one, 200) + with(&other, 200);
        let lost = with(&one, 409) + with(&other, 409);
        assert_eq!(
            (won, lost),
            (1, 31),
            "{:?} {:?}",
            statuses(&one),
            statuses(&other)
        );
    });
}

#[test]
fn inv_7_an_invitation_is_accepted_or_cancelled_and_never_both() {
    on_each_engine(async |world| {
        let sent = invite(
            world,
            "anna",
            "Bäckerei Sommer",
            "Studio Lumen",
            full("partner"),
        )
        .await
        .expect(201);
        let act = |who, act: &str| Act {
            who,
            request: TestRequest::post,
            path: format!("/v1/invitations/{}/{act}", sent.id()),
            body: json!({}),
        };
        let (accepts, cancels) = (act("claire", "accept"), act("anna", "cancel"));
        let (accepted, cancelled) = race(world, &accepts, &cancels).await;
        let outcome = (with(&accepted, 200), with(&cancelled, 200));
        assert!(
            outcome == (1, 0) || outcome == (0, 16),
            "{:?} {:?}",
            statuses(&accepted),
            statuses(&cancelled)
        );
        let seen = world
            .get("anna", &format!("/v1/invitations/{}", sent.id()))
            .await
            .expect(200);
        let status = if outcome == (1, 0) {
            "accepted"
        } else {
            "cancelled"
        };
        assert_eq!(seen.body["status"], status);
        let sommer = world.organization("Bäckerei Sommer").await;
        let list = format!("/v1/organizations/{sommer}/partnerships");
        let partnerships = world.get("anna", &list).await.expect(200);
        let started = partnerships.body["items"].as_array().map(Vec::len);
        assert_eq!(started, Some(outcome.0));
    });
}

/// The partner's orders for Praxis Weiss.
async fn orders(world: &World) -> Act<'static> {
    let weiss = world.organization("Praxis Weiss").await;
    let methods = world
        .get(
            "claire",
            &format!("/v1/organizations/{weiss}/payment-methods"),
        )
        .await
        .expect(200);
    let cards = methods.body["items"].as_array().into_iter().flatten();
    let card = cards
        .filter(|method| method["kind"] == "card")
        .find_map(|method| method["id"].as_str())
        .expect("a card");
    Act {
        who: "claire",
        request: TestRequest::post,
        path: format!("/v1/organizations/{weiss}/orders"),
        body: json!({"acting_as": "partner", "currency": "CHF", "payment_method_id": card,
            "lines": [{"family": "mail", "quantity": 1, "period": "monthly"}]}),
    }
}

/// Every order of the partner was settled while its full access held.
async fn each_was_settled_by_the_terms_in_force(world: &World, id: &str, placed: usize) {
    let id: PartnershipId = id.parse().expect("an id");
    let counted = world.db.read(move |tx| {
        let events = billing_events::table
            .filter(billing_events::partnership_id.eq(id))
            .filter(billing_events::initiator.eq("partner"));
        let all: i64 = events.count().get_result(tx.conn)?;
        let in_force: i64 = events
            .inner_join(
                partnership_terms::table.on(partnership_terms::partnership_id
                    .nullable()
                    .eq(billing_events::partnership_id)
                    .and(partnership_terms::level.eq("full"))
                    .and(partnership_terms::valid_from.le(billing_events::occurred_at))
                    .and(partnership_terms::valid_to.is_null().or(
                        partnership_terms::valid_to.gt(billing_events::occurred_at.nullable()),
                    ))),
            )
            .count()
            .get_result(tx.conn)?;
        Ok((all, in_force))
    });
    let (all, in_force) = counted.await.expect("the events are counted");
    assert_eq!((all, in_force), (placed as i64, placed as i64));
}

#[test]
fn psh_8_an_order_is_settled_before_a_narrowing_or_refused_after_it() {
    on_each_engine(async |world| {
        let id = partnership(world, "karl", "Praxis Weiss").await;
        let narrow = Act {
            who: "karl",
            request: TestRequest::put,
            path: format!("/v1/partnerships/{id}/access"),
            body: limited(&[]),
        };
        let (ordered, narrowed) = race(world, &orders(world).await, &narrow).await;
        assert_eq!(with(&narrowed, 200), 16, "{:?}", statuses(&narrowed));
        let placed = with(&ordered, 201);
        let refused = with(&ordered, 403);
        assert_eq!(placed + refused, 16, "{:?}", statuses(&ordered));
        each_was_settled_by_the_terms_in_force(world, &id, placed).await;
    });
}

#[test]
fn psh_8_an_order_is_settled_before_an_end_or_refused_after_it() {
    on_each_engine(async |world| {
        let id = partnership(world, "karl", "Praxis Weiss").await;
        let end = Act {
            who: "karl",
            request: TestRequest::post,
            path: format!("/v1/partnerships/{id}/end"),
            body: json!({"password": PASSWORD}),
        };
        let (ended, ordered) = race(world, &end, &orders(world).await).await;
        assert_eq!(with(&ended, 200), 16, "{:?}", statuses(&ended));
        let placed = with(&ordered, 201);
        let gone = with(&ordered, 404);
        assert_eq!(placed + gone, 16, "{:?}", statuses(&ordered));
        each_was_settled_by_the_terms_in_force(world, &id, placed).await;
    });
}

/// What a renewal of 35 hostings comes to under a mode: payer, charged amount, cashback, rule.
type Settled = [&'static str; 4];

/// While the customer changes the mode, the partner renews with the method that the old one asks for:
/// it pays by the old terms and before the change, or is refused.
async fn mode_change_and_renewal(
    world: &World,
    (who, customer): (&str, &'static str),
    to: &str,
    by_the_old_terms: Settled,
) {
    let org = world.organization(customer).await;
    let id = partnership(world, who, customer).await;
    let placed = order(world, "claire", "partner", customer, "CHF", hosting(35)).await;
    let product = placed.expect(201);
    let (id_of_it, due) = (
        product.text_of("/products/0/id"),
        product.text_of("/products/0/renews_on"),
    );
    let change = Act {
        who,
        request: TestRequest::put,
        path: format!("/v1/partnerships/{id}/payment-mode"),
        body: json!({"payment_mode": to}),
    };
    let renewal = Act {
        who: "claire",
        request: TestRequest::post,
        path: format!("/v1/organizations/{org}/products/{id_of_it}/renewals"),
        body: json!({"acting_as": "partner", "period_start": due,
            "payment_method_id": card(world, "claire", &org).await}),
    };
    let (changed, renewed) = race(world, &change, &renewal).await;
    assert_eq!(with(&changed, 200), 16, "{:?}", statuses(&changed));
    let (paid, again, late) = (
        with(&renewed, 201),
        with(&renewed, 409),
        with(&renewed, 422),
    );
    assert_eq!(paid + again + late, 16, "{:?}", statuses(&renewed));
    // A second renewal of the period finds the first, so without one there is none.
    assert!(
        paid == 1 || (paid, again) == (0, 0),
        "{:?}",
        statuses(&renewed)
    );

    let list = format!("/v1/organizations/{org}/billing-events?kind=renewal");
    let told = world.get("claire", &list).await.expect(200);
    let settled = told.body["items"].as_array().expect("a list");
    assert_eq!(settled.len(), paid);
    for event in settled {
        let seen = [
            "/payer",
            "/charged_amount/amount",
            "/cashback_amount/amount",
            "/settlement_rule",
        ]
        .map(|at| event.pointer(at).and_then(Value::as_str));
        assert_eq!(seen, by_the_old_terms.map(Some), "{event}");
    }
    let history = format!("/v1/partnerships/{id}/history");
    let history = world.get("claire", &history).await.expect(200);
    let versions = history.body["versions"].as_array().expect("versions");
    let new = versions
        .iter()
        .find(|one| one["access"]["payment_mode"] == to);
    let since = new
        .and_then(|one| one["valid_from"].as_str())
        .expect("the new terms");
    let instant = |text: &str| DateTime::parse_from_rfc3339(text).expect("an instant");
    for event in settled {
        let occurred = event["occurred_at"].as_str().expect("an instant");
        assert!(instant(occurred) < instant(since), "{event} {history:?}");
    }
}

#[test]
fn psh_6_a_renewal_is_the_partners_by_the_old_mode_or_refused_after_its_change() {
    on_each_engine(async |world| {
        let old = ["partner", "208.32", "0.00", "full_partner_partner"];
        mode_change_and_renewal(world, ("karl", "Praxis Weiss"), "customer", old).await;
    });
}

#[test]
fn psh_6_a_renewal_is_charged_to_the_customer_by_the_old_mode_or_refused_after_its_change() {
    on_each_engine(async |world| {
        let old = ["customer", "260.40", "52.08", "full_customer_partner"];
        mode_change_and_renewal(world, ("sofia", "Galerie Arno"), "partner", old).await;
    });
}

#[test]
fn psh_10_a_handover_and_an_end_at_once_end_the_old_partnership_once() {
    on_each_engine(async |world| {
        let old = partnership(world, "sofia", "Galerie Arno").await;
        let nordwerk = world.organization("Nordwerk").await;
        let body = json!({"partner_id": nordwerk, "access": full("customer"), "starts_at": null, "password": PASSWORD});
        let sent = world
            .post("sofia", &format!("/v1/partnerships/{old}/handover"), body)
            .await
            .expect(201);
        let takeover = Act {
            who: "jonas",
            request: TestRequest::post,
            path: format!("/v1/invitations/{}/accept", sent.id()),
            body: json!({}),
        };
        let end = Act {
            who: "claire",
            request: TestRequest::post,
            path: format!("/v1/partnerships/{old}/end"),
            body: json!({"password": PASSWORD}),
        };
        let (accepted, ended) = race(world, &takeover, &end).await;
        assert_eq!(with(&accepted, 200), 1, "{:?}", statuses(&accepted));
        assert_eq!(with(&ended, 200), 16, "{:?}", statuses(&ended));
        let arno = world.organization("Galerie Arno").await;
        let list = format!("/v1/organizations/{arno}/partnerships?status=active");
        let active = world.get("sofia", &list).await.expect(200);
        assert_eq!(active.body["items"].as_array().map(Vec::len), Some(1));
        assert_eq!(active.text_of("/items/0/partner/name"), "Nordwerk");
        let report = format!("/v1/partnerships/{old}/exit-report");
        world.get("sofia", &report).await.expect(200);
        accept(world, "jonas", &sent.id(), json!({})).await.refused(
            409,
            "already_answered",
            Some("INV-7"),
        );
    });
}

#[test]
fn acc_6_a_right_that_has_ended_is_not_honoured_while_what_is_long_over_is_reported() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let id = partnership(world, "sofia", "Galerie Arno").await;
        let path = format!("/v1/organizations/{arno}/products");
        // What was ordered now is over when claire still had her access.
        let long_ago = world.clock.now();
        world.advance(TimeDelta::days(40));
        world.get("claire", &path).await.expect(200);
        end_partnership(world, "sofia", &id).await.expect(200);
        for number in 0..16 {
            let reported = report(world, event(&format!("late-{number}"), &arno, 1, long_ago));
            let reads = (0..16).map(|_| world.get("claire", &path));
            let (reported, reads) = join(reported, join_all(reads)).await;
            reported.expect(201);
            for read in reads {
                read.refused(404, "not_found", None);
            }
        }
    });
}
