//! Tenders (TND-1 to TND-9).
use crate::invitations::{accept, full};
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use chrono::{TimeDelta, Utc};
use futures_util::future::join_all;
use serde_json::{Value, json};

fn call(email: &str) -> Value {
    json!({
        "subject": "A shop for our bread",
        "description": format!("We bake. {} Ring 079 123 45 67 or write to {email}.", "x".repeat(400)),
        "families": ["web_hosting"],
        "region": "CH-VD",
        "languages": ["de"],
        "budget": {"amount": "5000.00", "currency": "CHF"},
        "contact": {"name": "Anna Sommer", "email": email, "phone": "+41 79 123 45 67"},
    })
}

const ANNA: &str = "anna@baeckerei-sommer.example";
const STRANGER: &str = "otto@garage-otto.example";

fn with(mut body: Value, more: Value) -> Value {
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

async fn visit(world: &World, path: &str, body: Value) -> Answer {
    world
        .send(TestRequest::post().uri(path).set_json(body))
        .await
}

/// What a partner wants.
async fn prefer(world: &World, who: &str, partner: &'static str, wanted: Value) -> Answer {
    let partner = world.organization(partner).await;
    let all = json!({"wanted": true, "families": [], "regions": [], "languages": []});
    let path = format!("/v1/organizations/{partner}/tender-preferences");
    world.put(who, &path, with(all, wanted)).await
}

/// Both partners of the world want everything.
async fn everybody_wants_all(world: &World) {
    for (who, partner) in [("claire", "Studio Lumen"), ("jonas", "Nordwerk")] {
        prefer(world, who, partner, json!({})).await.expect(200);
    }
}

/// Anna asks in the name of her bakery, and both partners are told.
async fn open_tender(world: &World, more: Value) -> String {
    everybody_wants_all(world).await;
    let sommer = world.organization("Bäckerei Sommer").await;
    let body = with(call(ANNA), json!({"organization_id": sommer}));
    let tender = world
        .post("anna", "/v1/tenders", with(body, more))
        .await
        .expect(201);
    assert_eq!(tender.body["status"], "open");
    tender.id()
}

async fn look(world: &World, who: &str, tender: &str) -> Answer {
    let path = format!("/v1/tenders/{tender}/open");
    world.post(who, &path, json!({})).await
}

async fn propose(world: &World, who: &str, tender: &str) -> Answer {
    let until = (Utc::now() + TimeDelta::days(90)).date_naive().to_string();
    let body = json!({"text": "We would do it.", "valid_until": until});
    let path = format!("/v1/tenders/{tender}/proposals");
    world.post(who, &path, body).await
}

/// The path of the newest link that was mailed to this address.
async fn link(world: &World, recipient: &str) -> String {
    let mails = world.mails(recipient).await;
    let link = mails
        .iter()
        .find_map(|mail| mail["link"].as_str())
        .expect("a link");
    let at = link.find("/v1/").expect("a path");
    link[at..].to_owned()
}

async fn inbox(world: &World, who: &str, partner: &'static str) -> Vec<Value> {
    let partner = world.organization(partner).await;
    let path = format!("/v1/tenders?organization_id={partner}");
    let list = world.get(who, &path).await.expect(200);
    let items = list.body["items"].as_array().into_iter().flatten();
    items
        .filter(|tender| tender["subject"] != mandat::demo::CALL)
        .cloned()
        .collect()
}

#[test]
fn tnd_1_a_visitors_tender_opens_when_the_mailed_link_is_confirmed() {
    on_each_engine(async |world| {
        everybody_wants_all(world).await;
        let sent = visit(world, "/v1/tenders", call(STRANGER))
            .await
            .expect(201);
        assert_eq!(sent.body["status"], "pending_confirmation");
        assert_eq!(
            inbox(world, "claire", "Studio Lumen").await,
            [] as [Value; 0]
        );
        let link = link(world, STRANGER).await;
        for _ in 0..2 {
            let seen = world.send(TestRequest::get().uri(&link)).await.expect(200);
            assert_eq!(seen.body["status"], "pending_confirmation");
        }
        for _ in 0..2 {
            let confirmed = visit(world, &format!("{link}/confirm"), json!({}))
                .await
                .expect(200);
            assert_eq!(confirmed.body["status"], "open");
        }
        assert_eq!(inbox(world, "claire", "Studio Lumen").await.len(), 1);
        let told = world.mails("claire@studio-lumen.example").await;
        assert_eq!(told.len(), 1, "confirming again tells nobody again");
        visit(world, "/v1/tender-links/unknown/confirm", json!({}))
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn tnd_1_it_opens_at_once_only_for_ones_own_verified_address() {
    on_each_engine(async |world| {
        let own = world
            .post("anna", "/v1/tenders", call(ANNA))
            .await
            .expect(201);
        assert_eq!(own.body["status"], "open");
        let other = world
            .post("anna", "/v1/tenders", call("ben@velo-kurier.example"))
            .await
            .expect(201);
        assert_eq!(other.body["status"], "pending_confirmation");
        let visitor = visit(world, "/v1/tenders", call(ANNA)).await.expect(201);
        assert_eq!(visitor.body["status"], "pending_confirmation");
        let bad = TestRequest::post()
            .uri("/v1/tenders")
            .insert_header(("authorization", "Bearer nonsense"))
            .set_json(call(ANNA));
        world.send(bad).await.refused(401, "unauthenticated", None);
    });
}

#[test]
fn tnd_1_a_tender_in_an_organizations_name_is_its_administrators() {
    on_each_engine(async |world| {
        let sommer = world.organization("Bäckerei Sommer").await;
        let body = with(call(ANNA), json!({"organization_id": sommer}));
        world
            .post("ben", "/v1/tenders", body.clone())
            .await
            .refused(404, "not_found", None);
        visit(world, "/v1/tenders", body)
            .await
            .refused(401, "unauthenticated", None);
        let arno = world.organization("Galerie Arno").await;
        let body = with(
            call("maya@studio-lumen.example"),
            json!({"organization_id": arno}),
        );
        world
            .post("claire", "/v1/tenders", body)
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn tnd_1_every_fault_of_a_tender_is_named_at_once() {
    on_each_engine(async |world| {
        let wrong = with(
            call(STRANGER),
            json!({"families": ["web_hosting", "cheese"], "region": "Vaud", "deadline": "2020-01-01T00:00:00Z", "budget": {"amount": "1.234", "currency": "CHF"}, "subject": " "}),
        );
        let refused =
            visit(world, "/v1/tenders", wrong)
                .await
                .refused(422, "invalid", Some("TND-1"));
        let pointers: Vec<&str> = refused.body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|error| error["pointer"].as_str())
            .collect();
        assert_eq!(
            pointers,
            [
                "/families/1",
                "/region",
                "/deadline",
                "/subject",
                "/budget/amount"
            ]
        );
    });
}

#[test]
fn tnd_1_visitors_cannot_make_a_mail_cannon_of_it() {
    on_each_engine(async |world| {
        for _ in 0..5 {
            visit(world, "/v1/tenders", call(STRANGER))
                .await
                .expect(201);
        }
        let refused = visit(world, "/v1/tenders", call(&STRANGER.to_uppercase()))
            .await
            .refused(429, "too_many_requests", Some("TND-1"));
        assert!(refused.headers.contains_key("retry-after"));
        for at in 0..15 {
            let email = format!("otto{at}@garage-otto.example");
            visit(world, "/v1/tenders", call(&email)).await.expect(201);
        }
        let email = "otto99@garage-otto.example";
        visit(world, "/v1/tenders", call(email)).await.refused(
            429,
            "too_many_requests",
            Some("TND-1"),
        );
        world.advance(TimeDelta::hours(1));
        visit(world, "/v1/tenders", call(email)).await.expect(201);
    });
}

#[test]
fn tnd_2_partners_get_what_they_want_by_mail_and_in_their_list() {
    on_each_engine(async |world| {
        let claire = "claire@studio-lumen.example";
        for (wanted, gets) in [
            (json!({"wanted": false}), false),
            (json!({"families": ["backup"]}), false),
            (json!({"regions": ["CH-GE", "FR"]}), false),
            (json!({"languages": ["fr"]}), false),
            (
                json!({"families": ["backup", "web_hosting"], "regions": ["CH"], "languages": ["de"]}),
                true,
            ),
        ] {
            prefer(world, "claire", "Studio Lumen", wanted.clone())
                .await
                .expect(200);
            let before = world.mails(claire).await.len();
            let tender = world
                .post("anna", "/v1/tenders", call(ANNA))
                .await
                .expect(201)
                .id();
            let mailed = world.mails(claire).await.len() > before;
            let listed = inbox(world, "claire", "Studio Lumen")
                .await
                .iter()
                .any(|listed| listed["id"] == *tender);
            let seen = world.get("claire", &format!("/v1/tenders/{tender}")).await;
            assert_eq!(
                (mailed, listed, seen.status == 200),
                (gets, gets, gets),
                "{wanted}"
            );
        }
        // Who changes its mind sees what is open already.
        prefer(world, "claire", "Studio Lumen", json!({}))
            .await
            .expect(200);
        assert_eq!(inbox(world, "claire", "Studio Lumen").await.len(), 5);
    });
}

#[test]
fn tnd_2_an_extract_shows_no_contact_details_and_at_most_280_characters() {
    on_each_engine(async |world| {
        let more = json!({"subject": "Write to anna@baeckerei-sommer.example", "description": format!("Ring 079 123 45 67. {}", "ä".repeat(400))});
        let tender = open_tender(world, more).await;
        let seen = world
            .get("claire", &format!("/v1/tenders/{tender}"))
            .await
            .expect(200);
        assert_eq!(seen.text_of("/extract").chars().count(), 280);
        let mailed = world.mails("claire@studio-lumen.example").await[0]["text"].to_string();
        for text in [&seen.text, &mailed] {
            assert!(
                !text.contains("anna@") && !text.contains("123 45"),
                "{text}"
            );
        }
        for hidden in ["description", "contact", "organization_id"] {
            assert_eq!(seen.body[hidden], Value::Null, "{hidden}");
        }
    });
}

#[test]
fn tnd_2_preferences_are_chosen_by_an_approved_partners_legal_representative() {
    on_each_engine(async |world| {
        prefer(world, "luca", "Studio Lumen", json!({}))
            .await
            .refused(403, "forbidden", Some("ORG-2"));
        prefer(world, "jonas", "Studio Lumen", json!({}))
            .await
            .refused(404, "not_found", None);
        prefer(world, "anna", "Bäckerei Sommer", json!({}))
            .await
            .refused(422, "not_a_partner", Some("TND-2"));
        let wrong = json!({"families": ["cheese"], "regions": ["CH", "ch"]});
        let refused = prefer(world, "claire", "Studio Lumen", wrong)
            .await
            .refused(422, "invalid", Some("TND-2"));
        assert_eq!(refused.body["errors"].as_array().map(Vec::len), Some(2));
        let lumen = world.organization("Studio Lumen").await;
        let path = format!("/v1/organizations/{lumen}/tender-preferences");
        let none = world.get("luca", &path).await.expect(200);
        assert_eq!(
            (&none.body["wanted"], &none.body["version"]),
            (&json!(false), &json!(0))
        );
        world
            .get("maya", &path)
            .await
            .refused(404, "not_found", None);
        prefer(world, "claire", "Studio Lumen", json!({"regions": ["CH"]}))
            .await
            .expect(200);
        let stale = TestRequest::put()
            .uri(&path)
            .insert_header(("if-match", "\"0-00\""))
            .set_json(json!({"wanted": false, "families": [], "regions": [], "languages": []}));
        world
            .ask("claire", stale)
            .await
            .refused(412, "version_mismatch", None);
    });
}

#[test]
fn tnd_3_opening_shows_the_contact_is_recorded_and_shown_to_the_author() {
    on_each_engine(async |world| {
        let tender = open_tender(world, json!({})).await;
        let opened = look(world, "luca", &tender).await.expect(200);
        assert_eq!(opened.text_of("/contact/email"), ANNA);
        assert!(opened.text_of("/description").len() > 400);
        let after = world
            .get("luca", &format!("/v1/tenders/{tender}"))
            .await
            .expect(200);
        assert_eq!(after.body["contact"], Value::Null, "each look is an act");
        look(world, "claire", &tender).await.expect(200);
        let path = format!("/v1/tenders/{tender}/viewings");
        let viewings = world.get("anna", &path).await.expect(200);
        let names: Vec<&Value> = viewings.body["items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|viewing| &viewing["partner"]["name"])
            .collect();
        assert_eq!(names, ["Studio Lumen", "Studio Lumen"]);
        world
            .get("claire", &path)
            .await
            .refused(403, "forbidden", Some("TND-5"));
        look(world, "anna", &tender)
            .await
            .refused(403, "forbidden", Some("TND-4"));
        look(world, "maya", &tender)
            .await
            .refused(404, "not_found", None);
        look(world, "ben", &tender)
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn tnd_3_a_replayed_look_shows_no_contact_any_more() {
    on_each_engine(async |world| {
        let tender = open_tender(world, json!({})).await;
        let path = format!("/v1/tenders/{tender}/open");
        let first = world
            .post_keyed("claire", &path, "look", json!({}))
            .await
            .expect(200);
        assert_ne!(first.body["contact"], Value::Null);
        let again = world
            .post_keyed("claire", &path, "look", json!({}))
            .await
            .expect(200);
        assert_eq!(
            (&again.body["contact"], &again.body["description"]),
            (&Value::Null, &Value::Null)
        );
    });
}

#[test]
fn tnd_4_a_partner_makes_one_proposal_and_revises_or_withdraws_it() {
    on_each_engine(async |world| {
        let tender = open_tender(world, json!({})).await;
        propose(world, "claire", &tender)
            .await
            .refused(409, "tender_not_viewed", Some("TND-3"));
        look(world, "claire", &tender).await.expect(200);
        let made = propose(world, "claire", &tender).await.expect(201);
        assert_eq!(
            made.body["available_actions"],
            json!(["revise", "withdraw"])
        );
        let second =
            propose(world, "luca", &tender)
                .await
                .refused(409, "proposal_exists", Some("TND-4"));
        assert_eq!(second.body["conflicts"], json!([made.id()]));
        let path = format!("/v1/proposals/{}", made.id());
        let priced = json!({"price": {"amount": "4500.00", "currency": "CHF"}});
        let revised = world.patch("luca", &path, priced).await.expect(200);
        assert_eq!(revised.text_of("/price/amount"), "4500.00");
        assert_eq!(revised.text_of("/text"), "We would do it.");
        let cleared = world
            .patch("luca", &path, json!({"price": null}))
            .await
            .expect(200);
        assert_eq!(cleared.body["price"], Value::Null);
        world
            .patch("luca", &path, json!({"valid_until": "2020-01-01"}))
            .await
            .refused(422, "invalid", Some("TND-4"));
        let stale = TestRequest::patch()
            .uri(&path)
            .insert_header(("if-match", "\"1-0\""))
            .set_json(json!({"text": "More."}));
        world
            .ask("luca", stale)
            .await
            .refused(412, "version_mismatch", None);
        world
            .patch("jonas", &path, json!({"text": "Mine."}))
            .await
            .refused(404, "not_found", None);
        world
            .patch("anna", &path, json!({"text": "Cheaper."}))
            .await
            .refused(403, "forbidden", Some("TND-4"));
        let withdraw = format!("{path}/withdraw");
        world.post("claire", &withdraw, json!({})).await.expect(200);
        let again = TestRequest::post().uri(&withdraw);
        assert_eq!(
            world.ask("claire", again).await.expect(200).body["status"],
            "withdrawn"
        );
        world
            .patch("luca", &path, json!({"text": "After all."}))
            .await
            .refused(409, "proposal_settled", Some("TND-4"));
        world
            .post("anna", &format!("{path}/select"), json!({}))
            .await
            .refused(409, "proposal_settled", Some("TND-4"));
    });
}

#[test]
fn tnd_5_the_author_awards_and_its_legal_representative_sends_the_ready_invitation() {
    on_each_engine(async |world| {
        let tender = open_tender(world, json!({})).await;
        for who in ["claire", "jonas"] {
            look(world, who, &tender).await.expect(200);
        }
        let lumens = propose(world, "claire", &tender).await.expect(201).id();
        let nordwerks = propose(world, "jonas", &tender).await.expect(201).id();
        let path = format!("/v1/tenders/{tender}/proposals");
        let all = world.get("anna", &path).await.expect(200);
        assert_eq!(all.body["items"].as_array().map(Vec::len), Some(2));
        let own = world.get("jonas", &path).await.expect(200);
        assert_eq!(own.body["items"].as_array().map(Vec::len), Some(1));
        let select = format!("/v1/proposals/{lumens}/select");
        world
            .post("claire", &select, json!({}))
            .await
            .refused(403, "forbidden", Some("TND-5"));
        world
            .post("jonas", &select, json!({}))
            .await
            .refused(404, "not_found", None);
        let award = world.post("anna", &select, json!({})).await.expect(200);
        assert_eq!(award.body["tender"]["status"], "awarded");
        assert_eq!(award.body["proposal"]["status"], "selected");
        let again = world.ask("anna", TestRequest::post().uri(&select)).await;
        assert_eq!(again.expect(200).body["tender"]["status"], "awarded");
        let other = format!("/v1/proposals/{nordwerks}/select");
        world
            .post("anna", &other, json!({}))
            .await
            .refused(409, "tender_not_open", Some("TND-5"));
        // A proposer sees its own proposal now, and nothing else.
        for who in ["claire", "jonas"] {
            world
                .get(who, &format!("/v1/tenders/{tender}"))
                .await
                .refused(404, "not_found", None);
            look(world, who, &tender)
                .await
                .refused(404, "not_found", None);
        }
        let own = world.get("jonas", &path).await.expect(200);
        assert_eq!(own.body["items"][0]["status"], "not_selected");
        // The invitation needs only to be sent: only in that tender's name, to that partner.
        let invitations = award.text_of("/invitation_path");
        let ready = award.body["invitation"].clone();
        assert_eq!(ready["access"]["level"], "limited");
        let nordwerk = world.organization("Nordwerk").await;
        let to_other = with(ready.clone(), json!({"partner_id": nordwerk}));
        world
            .post("anna", &invitations, to_other)
            .await
            .refused(422, "invalid", Some("TND-5"));
        let kurier = world.organization("Velo Kurier").await;
        let theirs = format!("/v1/organizations/{kurier}/invitations");
        let full_access = with(
            ready.clone(),
            json!({"access": full("customer"), "partner_id": nordwerk}),
        );
        world
            .post("ben", &theirs, full_access)
            .await
            .refused(422, "invalid", Some("TND-5"));
        world
            .post("claire", &invitations, ready.clone())
            .await
            .refused(404, "not_found", None);
        let sent = world.post("anna", &invitations, ready).await.expect(201);
        assert_eq!(sent.body["tender_id"], *tender);
        let started = accept(world, "claire", &sent.id(), json!({}))
            .await
            .expect(200);
        assert_eq!(started.body["partnership"]["tender_id"], *tender);
    });
}

#[test]
fn tnd_5_all_of_it_works_by_the_link_too() {
    on_each_engine(async |world| {
        everybody_wants_all(world).await;
        let sent = visit(world, "/v1/tenders", call(STRANGER))
            .await
            .expect(201);
        let tender = sent.id();
        let link = link(world, STRANGER).await;
        visit(world, &format!("{link}/confirm"), json!({}))
            .await
            .expect(200);
        look(world, "claire", &tender).await.expect(200);
        let ask = format!("/v1/tenders/{tender}/questions");
        let question = world
            .post("claire", &ask, json!({"text": "How soon?"}))
            .await
            .expect(201)
            .id();
        let proposal = propose(world, "claire", &tender).await.expect(201).id();
        for (list, count) in [("proposals", 1), ("viewings", 1), ("questions", 1)] {
            let seen = world
                .send(TestRequest::get().uri(&format!("{link}/{list}")))
                .await
                .expect(200);
            assert_eq!(seen.body["items"].as_array().map(Vec::len), Some(count));
        }
        let answer = format!("{link}/questions/{question}/answer");
        visit(world, &answer, json!({"text": "In May."}))
            .await
            .expect(200);
        visit(world, &answer, json!({"text": "In June."}))
            .await
            .refused(409, "already_answered", Some("TND-9"));
        let elsewhere = open_tender(world, json!({})).await;
        look(world, "claire", &elsewhere).await.expect(200);
        let foreign = propose(world, "claire", &elsewhere).await.expect(201).id();
        let select = format!("{link}/select");
        visit(world, &select, json!({"proposal_id": foreign}))
            .await
            .refused(404, "not_found", None);
        let award = visit(world, &select, json!({"proposal_id": proposal}))
            .await
            .expect(200);
        assert_eq!(award.body["invitation_path"], Value::Null);
        visit(world, &format!("{link}/close"), json!({"outcome": "other"}))
            .await
            .refused(409, "tender_not_open", Some("TND-5"));
        // Nobody else's organization is invited through it: Anna is neither author nor addressee.
        let sommer = world.organization("Bäckerei Sommer").await;
        world
            .post(
                "anna",
                &format!("/v1/organizations/{sommer}/invitations"),
                award.body["invitation"].clone(),
            )
            .await
            .refused(422, "invalid", Some("TND-5"));
    });
}

#[test]
fn tnd_5_a_closed_tender_says_how_it_ended_and_stays_closed() {
    on_each_engine(async |world| {
        let tender = open_tender(world, json!({})).await;
        look(world, "claire", &tender).await.expect(200);
        propose(world, "claire", &tender).await.expect(201);
        let path = format!("/v1/tenders/{tender}/close");
        let body = json!({"outcome": "no_suitable_proposal"});
        world
            .post("claire", &path, body.clone())
            .await
            .refused(403, "forbidden", Some("TND-5"));
        let closed = world.post("anna", &path, body.clone()).await.expect(200);
        assert_eq!(closed.text_of("/outcome"), "no_suitable_proposal");
        let request = TestRequest::post()
            .uri(&path)
            .set_json(json!({"outcome": "other"}));
        let again = world.ask("anna", request).await.expect(200);
        assert_eq!(again.text_of("/outcome"), "no_suitable_proposal");
        assert_eq!(
            inbox(world, "claire", "Studio Lumen").await,
            [] as [Value; 0]
        );
        let told = world.mails("luca@studio-lumen.example").await;
        assert!(told[0]["subject"].to_string().contains("est terminé"));
    });
}

#[test]
fn tnd_6_cancelling_is_immediate_can_be_repeated_and_hides_it_from_every_partner() {
    on_each_engine(async |world| {
        let tender = open_tender(world, json!({})).await;
        look(world, "claire", &tender).await.expect(200);
        let link = link(world, ANNA).await;
        for _ in 0..2 {
            let cancelled = visit(world, &format!("{link}/cancel"), json!({}))
                .await
                .expect(200);
            assert_eq!(cancelled.body["status"], "cancelled");
        }
        let token = world.token("claire").await;
        let partner = world.organization("Studio Lumen").await;
        let paths = [
            format!("/v1/tenders/{tender}"),
            format!("/v1/tenders?organization_id={partner}"),
            format!("/v1/tenders/{tender}/questions"),
            format!("/v1/tenders/{tender}/proposals"),
        ];
        let readers = (0..64).map(|at| {
            world.send(
                TestRequest::get()
                    .uri(&paths[at % paths.len()])
                    .insert_header(("authorization", format!("Bearer {token}"))),
            )
        });
        for answer in join_all(readers).await {
            let nothing = answer.status == 404 || !answer.text.contains(&tender);
            assert!(nothing, "{}", answer.text);
        }
        look(world, "claire", &tender)
            .await
            .refused(404, "not_found", None);
        visit(world, &format!("{link}/confirm"), json!({}))
            .await
            .refused(409, "tender_not_open", Some("TND-5"));
    });
}

#[test]
fn tnd_6_an_awarded_tender_can_be_cancelled_and_invites_nobody_any_more() {
    on_each_engine(async |world| {
        let tender = open_tender(world, json!({})).await;
        look(world, "claire", &tender).await.expect(200);
        let proposal = propose(world, "claire", &tender).await.expect(201).id();
        let award = world
            .post(
                "anna",
                &format!("/v1/proposals/{proposal}/select"),
                json!({}),
            )
            .await
            .expect(200);
        let cancel = format!("/v1/tenders/{tender}/cancel");
        world.post("anna", &cancel, json!({})).await.expect(200);
        let invitations = award.text_of("/invitation_path");
        world
            .post("anna", &invitations, award.body["invitation"].clone())
            .await
            .refused(422, "invalid", Some("TND-5"));
    });
}

#[test]
fn tnd_6_of_award_and_cancel_at_once_no_partner_sees_a_cancelled_tender() {
    on_each_engine(async |world| {
        let tender = open_tender(world, json!({})).await;
        look(world, "claire", &tender).await.expect(200);
        let proposal = propose(world, "claire", &tender).await.expect(201).id();
        let token = world.token("anna").await;
        let attempts = (0..16).map(|at| {
            let path = match at % 2 {
                0 => format!("/v1/proposals/{proposal}/select"),
                _ => format!("/v1/tenders/{tender}/cancel"),
            };
            world.send(
                TestRequest::post()
                    .uri(&path)
                    .insert_header(("authorization", format!("Bearer {token}"))),
            )
        });
        for answer in join_all(attempts).await {
            assert!([200, 409].contains(&answer.status), "{}", answer.text);
        }
        let seen = world
            .get("anna", &format!("/v1/tenders/{tender}"))
            .await
            .expect(200);
        assert_eq!(
            seen.body["status"], "cancelled",
            "cancelling is the last word"
        );
        world
            .get("claire", &format!("/v1/tenders/{tender}"))
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn tnd_4_a_proposal_and_an_award_at_once_leave_no_proposal_undecided() {
    on_each_engine(async |world| {
        let tender = open_tender(world, json!({})).await;
        for who in ["claire", "jonas"] {
            look(world, who, &tender).await.expect(200);
        }
        let first = propose(world, "claire", &tender).await.expect(201).id();
        let (anna, jonas) = (world.token("anna").await, world.token("jonas").await);
        let body = json!({"text": "Us too.", "valid_until": (Utc::now() + TimeDelta::days(9)).date_naive().to_string()});
        let select = TestRequest::post()
            .uri(&format!("/v1/proposals/{first}/select"))
            .insert_header(("authorization", format!("Bearer {anna}")));
        let propose = TestRequest::post()
            .uri(&format!("/v1/tenders/{tender}/proposals"))
            .insert_header(("authorization", format!("Bearer {jonas}")))
            .set_json(body);
        let answers = join_all([world.send(propose), world.send(select)]).await;
        assert!(
            [201, 404].contains(&answers[0].status),
            "{}",
            answers[0].text
        );
        assert_eq!(answers[1].status, 200, "{}", answers[1].text);
        let all = world
            .get("anna", &format!("/v1/tenders/{tender}/proposals"))
            .await
            .expect(200);
        let undecided = all.body["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|proposal| proposal["status"] == "submitted");
        assert_eq!(undecided.count(), 0, "{}", all.text);
    });
}

#[test]
fn tnd_7_a_tender_expires_by_its_deadline_or_after_thirty_days_by_the_clock_alone() {
    on_each_engine(async |world| {
        let soon = (Utc::now() + TimeDelta::days(3)).to_rfc3339();
        let short = open_tender(world, json!({"deadline": soon})).await;
        let long = open_tender(world, json!({})).await;
        look(world, "claire", &short).await.expect(200);
        let proposal = propose(world, "claire", &short).await.expect(201).id();
        world.advance(TimeDelta::days(4));
        let ids: Vec<Value> = inbox(world, "claire", "Studio Lumen")
            .await
            .into_iter()
            .map(|tender| tender["id"].clone())
            .collect();
        assert_eq!(ids, [json!(long)]);
        let expired = world
            .get("anna", &format!("/v1/tenders/{short}"))
            .await
            .expect(200);
        assert_eq!(expired.body["status"], "expired");
        for act in ["cancel", "close"] {
            world
                .post(
                    "anna",
                    &format!("/v1/tenders/{short}/{act}"),
                    match act {
                        "close" => json!({"outcome": "other"}),
                        _ => json!({}),
                    },
                )
                .await
                .refused(409, "tender_not_open", Some("TND-7"));
        }
        world
            .post(
                "claire",
                &format!("/v1/proposals/{proposal}/withdraw"),
                json!({}),
            )
            .await
            .refused(409, "tender_not_open", Some("TND-4"));
        world.advance(TimeDelta::days(27));
        let sommer = world.organization("Bäckerei Sommer").await;
        let path = format!("/v1/tenders?organization_id={sommer}&status=expired&include=total");
        let list = world.get("anna", &path).await.expect(200);
        assert_eq!(list.body["total"], 2);
    });
}

#[test]
fn tnd_7_what_nobody_confirms_runs_out_likewise() {
    on_each_engine(async |world| {
        visit(world, "/v1/tenders", call(STRANGER))
            .await
            .expect(201);
        let link = link(world, STRANGER).await;
        world.advance(TimeDelta::days(31));
        visit(world, &format!("{link}/confirm"), json!({}))
            .await
            .refused(409, "tender_not_open", Some("TND-7"));
    });
}

#[test]
fn tnd_8_what_was_won_through_a_tender_is_marked_and_nothing_else_is() {
    on_each_engine(async |world| {
        let tender = open_tender(world, json!({})).await;
        look(world, "claire", &tender).await.expect(200);
        let proposal = propose(world, "claire", &tender).await.expect(201).id();
        let award = world
            .post(
                "anna",
                &format!("/v1/proposals/{proposal}/select"),
                json!({}),
            )
            .await
            .expect(200);
        let sent = world
            .post(
                "anna",
                &award.text_of("/invitation_path"),
                award.body["invitation"].clone(),
            )
            .await
            .expect(201);
        let started = accept(world, "claire", &sent.id(), json!({}))
            .await
            .expect(200);
        let id = started.text_of("/partnership/id");
        for who in ["anna", "claire"] {
            let seen = world
                .get(who, &format!("/v1/partnerships/{id}"))
                .await
                .expect(200);
            assert_eq!(seen.body["tender_id"], *tender);
        }
        let lumen = world.organization("Studio Lumen").await;
        let all = world
            .get(
                "claire",
                &format!("/v1/organizations/{lumen}/partnerships?as=partner"),
            )
            .await
            .expect(200);
        let marked = all.body["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|partnership| partnership["tender_id"] != Value::Null);
        assert_eq!(marked.count(), 1);
        // A partner cannot claim a tender in an invitation of its own.
        let edelweiss = world.organization("Chalet Edelweiss").await;
        let claim = json!({"customer_organization_id": edelweiss, "requested_access": full("customer"), "tender_id": tender});
        world
            .post(
                "claire",
                &format!("/v1/organizations/{lumen}/invitations"),
                claim,
            )
            .await
            .refused(422, "invalid", Some("INV-2"));
    });
}

#[test]
fn tnd_9_no_more_partners_open_it_than_the_author_wanted_under_any_concurrency() {
    on_each_engine(async |world| {
        let tender = open_tender(world, json!({"opening_cap": 1})).await;
        let path = format!("/v1/tenders/{tender}/open");
        let mut attempts = Vec::new();
        for who in ["claire", "jonas"] {
            let token = world.token(who).await;
            for _ in 0..8 {
                attempts.push(
                    TestRequest::post()
                        .uri(&path)
                        .insert_header(("authorization", format!("Bearer {token}"))),
                );
            }
        }
        let answers = join_all(attempts.into_iter().map(|attempt| world.send(attempt))).await;
        let opened = answers.iter().filter(|answer| answer.status == 200).count();
        let full: Vec<&Answer> = answers
            .iter()
            .filter(|answer| answer.status == 409)
            .collect();
        assert_eq!(
            (opened, full.len()),
            (8, 8),
            "one partner, as often as it likes"
        );
        assert_eq!(full[0].body["code"], "tender_full");
        let viewings = world
            .get(
                "anna",
                &format!("/v1/tenders/{tender}/viewings?include=total"),
            )
            .await
            .expect(200);
        assert_eq!(viewings.body["total"], 8);
    });
}

#[test]
fn tnd_9_questions_are_answered_once_to_all_who_opened() {
    on_each_engine(async |world| {
        let tender = open_tender(world, json!({})).await;
        let path = format!("/v1/tenders/{tender}/questions");
        let ask = json!({"text": "How soon?"});
        world.post("claire", &path, ask.clone()).await.refused(
            409,
            "tender_not_viewed",
            Some("TND-3"),
        );
        world
            .get("claire", &path)
            .await
            .refused(409, "tender_not_viewed", Some("TND-3"));
        for who in ["claire", "jonas"] {
            look(world, who, &tender).await.expect(200);
        }
        let asked = world.post("claire", &path, ask).await.expect(201);
        assert_eq!(asked.text_of("/partner/name"), "Studio Lumen");
        let answer = format!("{path}/{}/answer", asked.id());
        world
            .post("jonas", &answer, json!({"text": "Soon."}))
            .await
            .refused(403, "forbidden", Some("TND-5"));
        world
            .post("anna", &answer, json!({"text": "In May."}))
            .await
            .expect(200);
        world
            .post("anna", &answer, json!({"text": "In June."}))
            .await
            .refused(409, "already_answered", Some("TND-9"));
        let seen = world.get("jonas", &path).await.expect(200);
        assert_eq!(seen.text_of("/items/0/answer"), "In May.");
        assert_eq!(seen.body["items"][0]["partner"], Value::Null);
        let told = world.mails("jonas@nordwerk.example").await;
        assert!(told[0]["subject"].to_string().contains("ist beantwortet"));
        for _ in 0..9 {
            world
                .post("claire", &path, json!({"text": "And now?"}))
                .await
                .expect(201);
        }
        world
            .post("claire", &path, json!({"text": "And now?"}))
            .await
            .refused(429, "too_many_requests", Some("TND-9"));
    });
}

#[test]
fn tnd_5_the_authors_list_holds_its_own_tenders_and_a_strangers_nothing() {
    on_each_engine(async |world| {
        let first = open_tender(world, json!({})).await;
        let second = world
            .post("anna", "/v1/tenders", call(ANNA))
            .await
            .expect(201)
            .id();
        let own = world.get("anna", "/v1/tenders").await.expect(200);
        let ids: Vec<&Value> = own.body["items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|tender| &tender["id"])
            .collect();
        assert_eq!(ids, [&json!(second), &json!(first)]);
        assert_eq!(own.text_of("/items/0/contact/email"), ANNA);
        let none = world.get("ben", "/v1/tenders").await.expect(200);
        assert_eq!(none.body["items"], json!([]));
        let sommer = world.organization("Bäckerei Sommer").await;
        world
            .get("ben", &format!("/v1/tenders?organization_id={sommer}"))
            .await
            .refused(404, "not_found", None);
        world
            .get("ben", &format!("/v1/tenders/{first}"))
            .await
            .refused(404, "not_found", None);
        world
            .post("ben", &format!("/v1/tenders/{first}/cancel"), json!({}))
            .await
            .refused(404, "not_found", None);
        world
            .get("ben", &format!("/v1/tenders/{first}/proposals"))
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn tnd_9_the_directory_shows_how_many_a_partner_answered_and_how_fast() {
    on_each_engine(async |world| {
        let lumen = world.organization("Studio Lumen").await;
        let page = format!("/v1/directory/partners/{lumen}");
        let seen = world.send(TestRequest::get().uri(&page)).await.expect(200);
        assert_eq!(
            (
                &seen.body["tenders_answered"],
                &seen.body["tender_answer_hours"]
            ),
            (&json!(0), &Value::Null)
        );
        let tender = open_tender(world, json!({})).await;
        world.advance(TimeDelta::hours(5));
        look(world, "claire", &tender).await.expect(200);
        propose(world, "claire", &tender).await.expect(201);
        let seen = world.send(TestRequest::get().uri(&page)).await.expect(200);
        assert_eq!(
            (
                &seen.body["tenders_answered"],
                &seen.body["tender_answer_hours"]
            ),
            (&json!(1), &json!(5))
        );
    });
}
