//! Payouts of a prepaid balance (BIL-12, ORG-7).
use crate::invoices::{books_are_right, prepaid};
use crate::money::{card, cashback, hosting, order};
use crate::tables::rows;
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use futures_util::future::join_all;
use mandat::demo::PASSWORD;
use serde_json::{Value, json};

/// Studio Lumen has earned 52.08 francs.
async fn earned(world: &World) -> String {
    order(
        world,
        "sofia",
        "customer",
        "Galerie Arno",
        "CHF",
        hosting(35),
    )
    .await
    .expect(201);
    let lumen = world.organization("Studio Lumen").await;
    format!("/v1/organizations/{lumen}/payouts")
}

async fn wanted(world: &World, amount: &str) -> Value {
    let lumen = world.organization("Studio Lumen").await;
    let card = card(world, "claire", &lumen).await;
    json!({"amount": {"amount": amount, "currency": "CHF"}, "payment_method_id": card, "password": PASSWORD})
}

async fn request(world: &World, amount: &str) -> Answer {
    let lumen = world.organization("Studio Lumen").await;
    let (path, body) = (
        format!("/v1/organizations/{lumen}/payouts"),
        wanted(world, amount).await,
    );
    let key = uuid::Uuid::now_v7().to_string();
    world.post_keyed("claire", &path, &key, body).await
}

async fn report(world: &World, who: &str, payout: &str, act: &str) -> Answer {
    let key = uuid::Uuid::now_v7().to_string();
    let path = format!("/v1/admin/payouts/{payout}/{act}");
    world.post_keyed(who, &path, &key, json!({})).await
}

#[test]
fn bil_12_a_payout_leaves_the_balance_at_once_and_comes_back_if_it_fails() {
    on_each_engine(async |world| {
        let path = earned(world).await;
        let payout = request(world, "50.00").await.expect(201);
        assert_eq!(payout.text_of("/status"), "requested");
        assert_eq!(cashback(world).await, "2.08");
        let one = format!("{path}/{}", payout.id());
        assert_eq!(payout.header("location"), one);
        let taken = report(world, "tom", &payout.id(), "process")
            .await
            .expect(200);
        assert_eq!(taken.text_of("/status"), "processing");
        world
            .post_keyed("claire", &format!("{one}/cancel"), "late", json!({}))
            .await
            .refused(409, "not_in_this_state", Some("BIL-12"));
        let why = json!({"reason": "The account is closed."});
        let fail = format!("/v1/admin/payouts/{}/fail", payout.id());
        let failed = world.post_keyed("tom", &fail, "f", why).await.expect(200);
        assert_eq!(failed.text_of("/failure"), "The account is closed.");
        assert_eq!(cashback(world).await, "52.08");
        report(world, "tom", &payout.id(), "settle").await.refused(
            409,
            "not_in_this_state",
            Some("BIL-12"),
        );
        let seen = world.get("luca", &one).await.expect(200);
        assert_eq!(seen.body, failed.body);
        books_are_right(world).await;
    });
}

#[test]
fn bil_12_a_payout_is_paid_once() {
    on_each_engine(async |world| {
        let path = earned(world).await;
        let payout = request(world, "52.08").await.expect(201).id();
        report(world, "tom", &payout, "settle").await.refused(
            409,
            "not_in_this_state",
            Some("BIL-12"),
        );
        report(world, "nora", &payout, "process").await.expect(200);
        for _ in 0..2 {
            let paid = report(world, "tom", &payout, "settle").await.expect(200);
            assert_eq!(paid.text_of("/status"), "paid");
        }
        assert_eq!(cashback(world).await, "0.00");
        let table = world.get_as("luca", &path, "text/csv").await.expect(200);
        let rows = rows(&table.text);
        assert_eq!(
            (rows.len(), &rows[1][2], &rows[1][5]),
            (2, &"paid".into(), &"52.08".into())
        );
        let entries = path.replace("payouts", "prepaid-accounts/CHF/entries");
        let entries = world.get("luca", &entries).await.expect(200);
        assert_eq!(entries.body["items"][0]["payout_id"], payout.as_str());
        assert_eq!(entries.body["items"][0]["billing_event_id"], Value::Null);
        assert_eq!(entries.text_of("/items/0/amount/amount"), "-52.08");
        books_are_right(world).await;
    });
}

#[test]
fn bil_12_only_what_is_requested_is_cancelled() {
    on_each_engine(async |world| {
        let path = earned(world).await;
        let payout = request(world, "10.00").await.expect(201).id();
        let cancel = format!("{path}/{payout}/cancel");
        world
            .post_keyed("luca", &cancel, "c", json!({}))
            .await
            .refused(403, "forbidden", Some("ORG-2"));
        for key in ["one", "two"] {
            let cancelled = world
                .post_keyed("claire", &cancel, key, json!({}))
                .await
                .expect(200);
            assert_eq!(cancelled.text_of("/status"), "cancelled");
        }
        assert_eq!(cashback(world).await, "52.08");
        report(world, "tom", &payout, "process").await.refused(
            409,
            "not_in_this_state",
            Some("BIL-12"),
        );
        let nordwerk = world.organization("Nordwerk").await;
        let elsewhere = format!("/v1/organizations/{nordwerk}/payouts/{payout}");
        world
            .get("jonas", &elsewhere)
            .await
            .refused(404, "not_found", None);
        world
            .post_keyed("jonas", &format!("{elsewhere}/cancel"), "c", json!({}))
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn bil_12_never_more_than_the_balance_and_only_to_a_card_or_bank_account() {
    on_each_engine(async |world| {
        let path = earned(world).await;
        request(world, "52.09")
            .await
            .refused(409, "insufficient_balance", Some("BIL-12"));
        for wrong in ["0.00", "-1.00", "1.001", "one"] {
            request(world, wrong)
                .await
                .refused(422, "invalid", Some("BIL-12"));
        }
        let mut body = wanted(world, "1.00").await;
        body["payment_method_id"] = json!(prepaid(world, "CHF").await);
        world
            .post_keyed("claire", &path, "p", body.clone())
            .await
            .refused(422, "invalid", Some("BIL-12"));
        let arno = world.organization("Galerie Arno").await;
        body["payment_method_id"] = json!(card(world, "sofia", &arno).await);
        world
            .post_keyed("claire", &path, "a", body)
            .await
            .refused(422, "invalid", Some("BIL-12"));
        assert_eq!(cashback(world).await, "52.08");
    });
}

#[test]
fn org_7_a_payout_needs_the_password_again_and_never_goes_by_token() {
    on_each_engine(async |world| {
        let path = earned(world).await;
        let mut body = wanted(world, "1.00").await;
        world.post("claire", &path, body.clone()).await.refused(
            400,
            "idempotency_key_required",
            None,
        );
        world
            .post_keyed("luca", &path, "l", body.clone())
            .await
            .refused(403, "forbidden", Some("ORG-2"));
        world
            .post_keyed("karl", &path, "k", body.clone())
            .await
            .refused(404, "not_found", None);
        let new = json!({"name": "script", "scopes": ["read", "write"], "expires_in_days": 1});
        let token = world
            .post("claire", "/v1/me/api-tokens", new)
            .await
            .expect(201);
        let by_token = TestRequest::post()
            .uri(&path)
            .insert_header((
                "authorization",
                format!("Bearer {}", token.text_of("/token")),
            ))
            .insert_header(("idempotency-key", "t"))
            .set_json(&body);
        world
            .send(by_token)
            .await
            .refused(403, "session_required", Some("ORG-7"));
        body["password"] = json!("not the password");
        world
            .post_keyed("claire", &path, "w", body.clone())
            .await
            .refused(403, "wrong_password", Some("ORG-7"));
        body["password"] = Value::Null;
        world.post_keyed("claire", &path, "n", body).await.refused(
            422,
            "password_required",
            Some("ORG-7"),
        );
    });
}

#[test]
fn bil_12_of_payouts_at_once_no_more_succeed_than_the_balance_holds() {
    on_each_engine(async |world| {
        earned(world).await;
        let at_once = join_all((0..6).map(|_| request(world, "20.00"))).await;
        let paid_out = at_once.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(
            paid_out,
            2,
            "{:?}",
            at_once.iter().map(|one| &one.text).collect::<Vec<_>>()
        );
        assert_eq!(cashback(world).await, "12.08");
        books_are_right(world).await;
    });
}
