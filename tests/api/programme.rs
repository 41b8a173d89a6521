//! The programme: enrolling, deciding, suspending, ending, affiliates (PRG-1 to PRG-7).
use crate::money::{hosting, order};
use crate::partnerships::partnership;
use crate::reports::{event, report};
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use diesel::prelude::*;
use futures_util::future::{join, join_all};
use mandat::db::schema::{mails, programme_roles};
use mandat::demo::PASSWORD;
use mandat::domain::mail::MailTemplate;
use serde_json::{Value, json};

pub fn application() -> Value {
    json!({
        "register": {"kind": "ch_uid", "number": "CHE-109.322.551"},
        "website": "https://baeckerei-sommer.example",
        "commitments": {"customer_support": true, "invoice_liability": true, "tender_exclusivity": true},
        "terms_version": "2026-01",
    })
}

async fn path(world: &World, of: &'static str, what: &str) -> String {
    format!("/v1/organizations/{}/{what}", world.organization(of).await)
}

/// Bäckerei Sommer enrols.
async fn enrol(world: &World) -> Answer {
    let path = path(world, "Bäckerei Sommer", "partner-enrolment").await;
    world.post("anna", &path, application()).await
}

async fn decide(world: &World, id: &str, act: &str) -> Answer {
    let path = format!("/v1/admin/enrolments/{id}/{act}");
    world
        .post("nora", &path, json!({"reason": "So be it."}))
        .await
}

pub async fn approve(world: &World, id: &str) -> Answer {
    let path = format!("/v1/admin/enrolments/{id}/approve");
    let yes = json!({"website_confirmed": true, "reason": "Welcome."});
    world.post("nora", &path, yes).await
}

pub async fn of_partner(world: &World, partner: &'static str, act: &str) -> Answer {
    let path = format!(
        "/v1/admin/partners/{}/{act}",
        world.organization(partner).await
    );
    world
        .post("nora", &path, json!({"reason": "So be it."}))
        .await
}

/// Whether a mail of this kind waits for a person.
async fn told(world: &World, who: &'static str, template: MailTemplate) -> bool {
    let found = world.db.read(move |tx| {
        let waiting = mails::table
            .filter(mails::template.eq(template))
            .filter(mails::recipient.like(format!("{who}@%")));
        Ok(waiting.count().get_result::<i64>(tx.conn)? > 0)
    });
    found.await.expect("mails are counted")
}

#[test]
fn prg_1_a_company_enrols_and_is_a_partner_when_it_is_approved() {
    on_each_engine(async |world| {
        let sent = enrol(world).await.expect(201);
        assert_eq!(sent.body["status"], "submitted");
        assert_eq!(sent.body["register"]["number"], "CHE-109.322.551");
        assert_eq!(sent.body["website"], "https://baeckerei-sommer.example/");
        assert_eq!(sent.body["available_actions"], json!(["leave"]));
        assert!(sent.headers.get("location").is_some());
        let seen = world
            .get("nora", &format!("/v1/admin/enrolments/{}", sent.id()))
            .await
            .expect(200);
        assert_eq!(
            seen.body["available_actions"],
            json!(["inquire", "approve", "reject"])
        );
        let approved = approve(world, &sent.id()).await.expect(200);
        assert_eq!(approved.body["status"], "approved");
        assert_eq!(approved.body["reason"], "Welcome.");
        assert!(approved.body["website_confirmed_at"].is_string());
        assert!(told(world, "anna", MailTemplate::EnrolmentApproved).await);
        let partner = world.organization("Bäckerei Sommer").await;
        let invite =
            json!({"partner_id": partner, "access": {"level": "full", "payment_mode": "customer"}});
        let invitations = path(world, "Chalet Edelweiss", "invitations").await;
        world.post("marie", &invitations, invite).await.expect(201);
    });
}

#[test]
fn prg_1_everything_missing_is_named_at_once() {
    on_each_engine(async |world| {
        let path = path(world, "Chalet Edelweiss", "partner-enrolment").await;
        let refused = world
            .post(
                "marie",
                &path,
                json!({"commitments": {"customer_support": true}}),
            )
            .await
            .refused(422, "invalid", Some("PRG-1"));
        let errors = refused.body["errors"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let named: Vec<(&str, &str)> = errors
            .iter()
            .filter_map(|error| Some((error["pointer"].as_str()?, error["code"].as_str()?)))
            .collect();
        assert_eq!(
            named,
            [
                ("", "company_required"),
                ("/register", "required"),
                ("/website", "required"),
                ("/commitments/invoice_liability", "commitment_required"),
                ("/commitments/tender_exclusivity", "commitment_required"),
                ("/terms_version", "required"),
            ]
        );
        world
            .get("marie", &path)
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn prg_1_only_a_legal_representative_enrols_the_company() {
    on_each_engine(async |world| {
        let lumen = path(world, "Studio Lumen", "partner-enrolment").await;
        world
            .post("luca", &lumen, application())
            .await
            .refused(403, "forbidden", Some("ORG-2"));
        world
            .get("luca", &lumen)
            .await
            .refused(403, "forbidden", Some("ORG-2"));
        world
            .post("anna", &lumen, application())
            .await
            .refused(404, "not_found", None);
        let arno = path(world, "Galerie Arno", "partner-enrolment").await;
        world
            .post("claire", &arno, application())
            .await
            .refused(403, "forbidden", Some("ACC-2"));
    });
}

#[test]
fn prg_1_the_terms_accepted_are_those_in_force_and_the_website_is_confirmed() {
    on_each_engine(async |world| {
        let path = path(world, "Bäckerei Sommer", "partner-enrolment").await;
        let mut old = application();
        old["terms_version"] = json!("2019-07");
        old["website"] = json!("http://baeckerei-sommer.example");
        let refused = world
            .post("anna", &path, old)
            .await
            .refused(422, "invalid", Some("PRG-1"));
        assert_eq!(refused.body["errors"][0]["code"], "url");
        assert_eq!(refused.body["errors"][1]["code"], "terms_outdated");
        let programme = world
            .send(TestRequest::get().uri("/v1/programme"))
            .await
            .expect(200);
        assert_eq!(programme.body["terms_version"], "2026-01");
        assert_eq!(
            programme.body["thresholds"],
            json!([{"amount": "2000.00", "currency": "CHF"}, {"amount": "1800.00", "currency": "EUR"}])
        );
        let id = enrol(world).await.expect(201).id();
        let unseen = json!({"website_confirmed": false, "reason": "Welcome."});
        world
            .post(
                "nora",
                &format!("/v1/admin/enrolments/{id}/approve"),
                unseen,
            )
            .await
            .refused(422, "invalid", Some("PRG-1"));
    });
}

#[test]
fn prg_2_questions_go_back_and_forth_with_reasons_to_read() {
    on_each_engine(async |world| {
        let own = path(world, "Bäckerei Sommer", "partner-enrolment").await;
        let id = enrol(world).await.expect(201).id();
        world
            .patch("anna", &own, json!({"answer": "Nobody asked."}))
            .await
            .refused(409, "not_in_this_state", Some("PRG-2"));
        decide(world, &id, "inquire").await.expect(200);
        let asked = world.get("anna", &own).await.expect(200);
        assert_eq!(
            (&asked.body["status"], &asked.body["reason"]),
            (&json!("inquiring"), &json!("So be it."))
        );
        assert_eq!(asked.body["available_actions"], json!(["answer", "leave"]));
        assert!(told(world, "anna", MailTemplate::EnrolmentInquiring).await);
        world
            .patch("anna", &own, json!({}))
            .await
            .refused(422, "invalid", None);
        world
            .patch(
                "anna",
                &own,
                json!({"register": {"kind": "ch_uid", "number": "CHE-109.322.552"}}),
            )
            .await
            .refused(422, "invalid", Some("PRG-1"));
        let stale = TestRequest::patch()
            .uri(&own)
            .insert_header(("if-match", "\"1\""))
            .set_json(json!({"answer": "Late."}));
        world
            .ask("anna", stale)
            .await
            .refused(412, "version_mismatch", None);
        let answered = world
            .patch(
                "anna",
                &own,
                json!({"answer": "We have moved.", "website": "https://sommer.example"}),
            )
            .await
            .expect(200);
        assert_eq!(
            (&answered.body["status"], &answered.body["reason"]),
            (&json!("submitted"), &json!("We have moved."))
        );
        assert_eq!(answered.body["website"], "https://sommer.example/");
        let states: Vec<&str> = answered.body["history"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|step| step["status"].as_str())
            .collect();
        assert_eq!(states, ["submitted", "inquiring", "submitted"]);
        decide(world, &id, "reject").await.expect(200);
        decide(world, &id, "inquire")
            .await
            .refused(409, "not_in_this_state", Some("PRG-2"));
        approve(world, &id)
            .await
            .refused(409, "not_in_this_state", Some("PRG-2"));
        let anew = enrol(world).await.expect(201);
        assert_ne!(anew.id(), id);
    });
}

#[test]
fn prg_2_only_the_operators_administrators_decide() {
    on_each_engine(async |world| {
        let id = enrol(world).await.expect(201).id();
        let path = format!("/v1/admin/enrolments/{id}/reject");
        for (who, status, code, rule) in [
            ("anna", 403, "forbidden", Some("ACC-1")),
            ("tom", 404, "not_found", None),
            ("claire", 404, "not_found", None),
        ] {
            world
                .post(who, &path, json!({"reason": "No."}))
                .await
                .refused(status, code, rule);
            world
                .get(who, "/v1/admin/enrolments")
                .await
                .refused(403, "forbidden", Some("ACC-1"));
        }
        world
            .post("nora", &path, json!({"reason": ""}))
            .await
            .refused(422, "invalid", None);
        let waiting = world
            .get(
                "nora",
                "/v1/admin/enrolments?status=submitted&status=inquiring&include=total",
            )
            .await
            .expect(200);
        assert_eq!(
            (&waiting.body["total"], &waiting.body["items"][0]["id"]),
            (&json!(2), &json!(id))
        );
        let lumen = world.organization("Studio Lumen").await;
        let of_lumen = world
            .get(
                "nora",
                &format!("/v1/admin/enrolments?organization_id={lumen}"),
            )
            .await
            .expect(200);
        assert_eq!(
            of_lumen.text_of("/items/0/organization/name"),
            "Studio Lumen"
        );
        assert_eq!(
            of_lumen.body["items"][0]["available_actions"],
            json!(["suspend", "end"])
        );
    });
}

#[test]
fn prg_2_one_enrolment_is_in_force_at_a_time() {
    on_each_engine(async |world| {
        let id = enrol(world).await.expect(201).id();
        let second = enrol(world)
            .await
            .refused(409, "already_enrolled", Some("PRG-2"));
        assert_eq!(second.body["conflicts"], json!([id]));
        let sent = join_all(
            (0..4).map(|_| async { path(world, "Galerie Arno", "partner-enrolment").await }),
        )
        .await;
        let answers = join_all(sent.iter().map(|path| {
            world.ask(
                "sofia",
                TestRequest::post().uri(path).set_json(application()),
            )
        }))
        .await;
        let mut answers: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        answers.sort();
        assert_eq!(answers, [201, 409, 409, 409]);
    });
}

#[test]
fn prg_2_an_approval_and_a_withdrawal_at_once_leave_one_end() {
    on_each_engine(async |world| {
        let own = path(world, "Bäckerei Sommer", "partner-enrolment").await;
        let id = enrol(world).await.expect(201).id();
        let yes = json!({"website_confirmed": true, "reason": "Welcome."});
        let approval = TestRequest::post()
            .uri(&format!("/v1/admin/enrolments/{id}/approve"))
            .set_json(yes);
        let (approved, left) = join(
            world.ask("nora", approval),
            world.ask("anna", TestRequest::delete().uri(&own)),
        )
        .await;
        left.expect(204);
        assert!([200, 409].contains(&approved.status), "{}", approved.text);
        let now = world.get("anna", &own).await.expect(200);
        assert_eq!(now.body["status"], "ended");
        let states = now.body["history"].as_array().map(Vec::len);
        assert_eq!(states, Some(if approved.status == 200 { 3 } else { 2 }));
        world
            .delete("anna", &own)
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn prg_4_an_organization_is_a_partner_or_an_affiliate() {
    on_each_engine(async |world| {
        let partner = path(world, "Bäckerei Sommer", "partner-enrolment").await;
        let affiliate = path(world, "Bäckerei Sommer", "affiliate-enrolment").await;
        world
            .get("anna", &affiliate)
            .await
            .refused(404, "not_found", None);
        let made = world.post("anna", &affiliate, json!({})).await.expect(201);
        let refused = world.post("anna", &partner, application()).await.refused(
            409,
            "already_enrolled",
            Some("PRG-4"),
        );
        assert_eq!(refused.body["conflicts"], json!([made.id()]));
        world.post("anna", &affiliate, json!({})).await.refused(
            409,
            "already_enrolled",
            Some("PRG-2"),
        );
        world.delete("anna", &affiliate).await.expect(204);
        world
            .delete("anna", &affiliate)
            .await
            .refused(404, "not_found", None);
        assert!(world.get("anna", &affiliate).await.expect(200).body["ended_at"].is_string());
        let id = enrol(world).await.expect(201).id();
        for act in ["inquire", "approve", "suspend"] {
            let refused = world.post("anna", &affiliate, json!({})).await.refused(
                409,
                "already_enrolled",
                Some("PRG-4"),
            );
            assert_eq!(refused.body["conflicts"], json!([id]));
            match act {
                "inquire" => decide(world, &id, act).await.expect(200),
                "approve" => approve(world, &id).await.expect(200),
                _ => of_partner(world, "Bäckerei Sommer", act).await.expect(200),
            };
        }
        world.post("anna", &affiliate, json!({})).await.refused(
            409,
            "already_enrolled",
            Some("PRG-4"),
        );
        world.delete("anna", &partner).await.expect(204);
        world.post("anna", &affiliate, json!({})).await.expect(201);
        let claire = path(world, "Studio Lumen", "affiliate-enrolment").await;
        world
            .post("luca", &claire, json!({}))
            .await
            .refused(403, "forbidden", Some("ORG-2"));
    });
}

#[test]
fn prg_4_enrolling_both_ways_at_once_leaves_one() {
    on_each_engine(async |world| {
        let partner = path(world, "Bäckerei Sommer", "partner-enrolment").await;
        let affiliate = path(world, "Bäckerei Sommer", "affiliate-enrolment").await;
        let (one, other) = join(
            world.ask(
                "anna",
                TestRequest::post().uri(&partner).set_json(application()),
            ),
            world.ask("anna", TestRequest::post().uri(&affiliate)),
        )
        .await;
        let mut statuses = [one.status, other.status];
        statuses.sort();
        assert_eq!(statuses, [201, 409], "{} {}", one.text, other.text);
    });
}

#[test]
fn prg_4_the_database_itself_refuses_both() {
    on_each_engine(async |world| {
        let turned = world.db.write(|tx| {
            diesel::update(programme_roles::table)
                .set(programme_roles::role.eq("affiliate"))
                .execute(tx.conn)?;
            Ok(())
        });
        assert!(
            turned.await.is_err(),
            "a partner was made an affiliate by hand"
        );
    });
}

#[test]
fn prg_5_while_a_partner_is_suspended_its_access_is_off_and_nothing_is_earned() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let products = format!("/v1/organizations/{arno}/products");
        world.get("claire", &products).await.expect(200);
        let suspended = of_partner(world, "Studio Lumen", "suspend")
            .await
            .expect(200);
        assert_eq!(
            suspended.body["available_actions"],
            json!(["reinstate", "end"])
        );
        of_partner(world, "Studio Lumen", "suspend").await.refused(
            409,
            "not_in_this_state",
            Some("PRG-2"),
        );
        world
            .get("claire", &products)
            .await
            .refused(404, "not_found", None);
        let list = world
            .get("claire", "/v1/organizations?via=partnership")
            .await
            .expect(200);
        assert_eq!(list.body["items"], json!([]));
        let alone = order(
            world,
            "sofia",
            "customer",
            "Galerie Arno",
            "CHF",
            hosting(1),
        )
        .await
        .expect(201);
        assert_eq!(
            alone.text_of("/billing_events/0/settlement_rule"),
            "none_customer"
        );
        assert_eq!(alone.body["billing_events"][0]["partner_id"], Value::Null);
        let id = partnership(world, "sofia", "Galerie Arno").await;
        assert_eq!(
            world
                .get("claire", &format!("/v1/partnerships/{id}"))
                .await
                .expect(200)
                .body["status"],
            "active"
        );
        of_partner(world, "Studio Lumen", "reinstate")
            .await
            .expect(200);
        world.get("claire", &products).await.expect(200);
        let again = order(
            world,
            "sofia",
            "customer",
            "Galerie Arno",
            "CHF",
            hosting(1),
        )
        .await
        .expect(201);
        assert_eq!(
            again.text_of("/billing_events/0/settlement_rule"),
            "full_customer_customer"
        );
    });
}

#[test]
fn prg_5_the_renewals_of_a_suspended_partner_fall_back_to_its_customers() {
    on_each_engine(async |world| {
        let placed = order(
            world,
            "claire",
            "partner",
            "Praxis Weiss",
            "CHF",
            hosting(2),
        )
        .await
        .expect(201);
        let weiss = world.organization("Praxis Weiss").await;
        let product = placed.text_of("/products/0/id");
        let next = format!("/v1/organizations/{weiss}/products/{product}/next-renewal");
        let before = world.get("karl", &next).await.expect(200);
        assert_eq!(before.text_of("/owner/name"), "Studio Lumen");
        of_partner(world, "Studio Lumen", "suspend")
            .await
            .expect(200);
        let after = world.get("karl", &next).await.expect(200);
        assert_eq!(after.text_of("/owner/name"), "Praxis Weiss");
        assert_eq!(after.body["automatic"], false);
        for who in ["karl", "claire"] {
            let fell_back = MailTemplate::RenewalsFellBack;
            assert!(told(world, who, fell_back).await, "{who}");
        }
        of_partner(world, "Studio Lumen", "reinstate")
            .await
            .expect(200);
        let reinstated = world.get("karl", &next).await.expect(200);
        assert_eq!(reinstated.text_of("/owner/name"), "Praxis Weiss");
    });
}

#[test]
fn prg_5_an_event_that_is_reported_late_settles_by_the_status_of_its_instant() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let mut instants = vec![world.clock.now()];
        for act in ["suspend", "reinstate"] {
            world.advance(TimeDelta::hours(1));
            of_partner(world, "Studio Lumen", act).await.expect(200);
            world.advance(TimeDelta::hours(1));
            instants.push(world.clock.now());
        }
        let rules = [
            "full_customer_customer",
            "none_customer",
            "full_customer_customer",
        ];
        for (number, (at, rule)) in instants.iter().zip(rules).enumerate() {
            let late = event(&format!("late-{number}"), &arno, 1, *at);
            let reported = report(world, late).await.expect(201);
            assert_eq!(reported.text_of("/settlement_rule"), rule);
        }
    });
}

#[test]
fn prg_7_when_the_operator_ends_a_partner_its_partnerships_end() {
    on_each_engine(async |world| {
        let id = partnership(world, "sofia", "Galerie Arno").await;
        let ended = of_partner(world, "Studio Lumen", "end").await.expect(200);
        assert_eq!(
            (&ended.body["status"], &ended.body["available_actions"]),
            (&json!("ended"), &json!([]))
        );
        let seen = world
            .get("sofia", &format!("/v1/partnerships/{id}"))
            .await
            .expect(200);
        assert_eq!(seen.body["status"], "ended");
        assert_eq!(
            seen.body["ended_by"],
            json!(world.organization("Studio Lumen").await)
        );
        assert!(told(world, "sofia", MailTemplate::PartnershipEnded).await);
        assert!(told(world, "claire", MailTemplate::PartnerEnded).await);
        let path = format!(
            "/v1/admin/partners/{}/end",
            world.organization("Studio Lumen").await
        );
        let again = TestRequest::post()
            .uri(&path)
            .set_json(json!({"reason": "Again."}));
        assert_eq!(
            world.ask("nora", again).await.expect(200).body["reason"],
            "So be it."
        );
        of_partner(world, "Studio Lumen", "reinstate")
            .await
            .refused(409, "not_in_this_state", Some("PRG-2"));
    });
}

#[test]
fn prg_7_when_the_partner_leaves_its_partnerships_end() {
    on_each_engine(async |world| {
        let own = path(world, "Studio Lumen", "partner-enrolment").await;
        let id = partnership(world, "karl", "Praxis Weiss").await;
        let leave = |password: &str| {
            TestRequest::delete()
                .uri(&own)
                .set_json(json!({"password": password}))
        };
        world
            .ask("luca", leave(PASSWORD))
            .await
            .refused(403, "forbidden", Some("ORG-2"));
        let token = json!({"name": "script", "scopes": ["read", "write"]});
        let token = world
            .post("claire", "/v1/me/api-tokens", token)
            .await
            .expect(201)
            .text_of("/token");
        let by_script = leave(PASSWORD).insert_header(("authorization", format!("Bearer {token}")));
        world
            .send(by_script)
            .await
            .refused(403, "session_required", Some("ORG-7"));
        world
            .delete("claire", &own)
            .await
            .refused(422, "password_required", Some("ORG-7"));
        world
            .ask("claire", leave("wrong"))
            .await
            .refused(403, "wrong_password", Some("ORG-7"));
        world.ask("claire", leave(PASSWORD)).await.expect(204);
        let seen = world
            .get("karl", &format!("/v1/partnerships/{id}"))
            .await
            .expect(200);
        assert_eq!(seen.body["status"], "ended");
        assert_eq!(
            world.get("claire", &own).await.expect(200).body["status"],
            "ended"
        );
    });
}

#[test]
fn prg_7_a_partner_without_partnerships_leaves_without_a_password() {
    on_each_engine(async |world| {
        let own = path(world, "Nordwerk", "partner-enrolment").await;
        world.delete("jonas", &own).await.expect(204);
        world
            .delete("jonas", &own)
            .await
            .refused(404, "not_found", None);
    });
}
