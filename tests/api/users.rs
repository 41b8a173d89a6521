//! Accounts as the operator's administrators see them, and their end (ORG-6, ACC-1, ERA-1).
use crate::audit;
use crate::jobs::settle;
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use diesel::prelude::*;
use mandat::db::schema::{audit_log, mails, sessions, tenders, users};
use mandat::demo::PASSWORD;
use mandat::domain::id::TenderId;
use mandat::domain::tender::TenderStatus;
use mandat::resources::billing::verify;
use serde_json::{Value, json};

const USERS: &str = "/v1/admin/users";
const ZOE: &str = "zoe@mandat.example";

pub async fn id_of(world: &World, email: &str) -> String {
    let path = format!("{USERS}?email={email}");
    let found = world.get("nora", &path).await.expect(200);
    found.text_of("/items/0/id")
}

async fn erase(world: &World, email: &str) -> Answer {
    let id = id_of(world, email).await;
    world
        .post("nora", &format!("{USERS}/{id}/erase"), json!({}))
        .await
}

#[test]
fn acc_1_only_the_operators_administrators_manage_users_and_organizations() {
    on_each_engine(async |world| {
        let claire = id_of(world, "claire@studio-lumen.example").await;
        let one = format!("{USERS}/{claire}");
        let new = json!({"name": "Zoe Rosso", "email": ZOE});
        let organization = json!({"name": "Neu", "kind": "company", "email": ZOE, "country": "CH", "legal_representative_id": claire});
        for who in ["claire", "tom", "iris"] {
            for path in [
                USERS,
                &one,
                &format!("{one}/data-export"),
                "/v1/admin/organizations",
            ] {
                world
                    .get(who, path)
                    .await
                    .refused(403, "forbidden", Some("ACC-1"));
            }
            for (path, body) in [
                (USERS, &new),
                ("/v1/admin/organizations", &organization),
                (&format!("{one}/erase"), &json!({})),
            ] {
                world
                    .post(who, path, body.clone())
                    .await
                    .refused(403, "forbidden", Some("ACC-1"));
            }
            world
                .patch(who, &one, json!({"operator_role": "operator_admin"}))
                .await
                .refused(403, "forbidden", Some("ACC-1"));
        }
    });
}

#[test]
fn acc_1_nobody_changes_their_own_role() {
    on_each_engine(async |world| {
        let nora = format!("{USERS}/{}", id_of(world, "nora@mandat.example").await);
        for role in [json!(null), json!("operator_billing")] {
            world
                .patch("nora", &nora, json!({"operator_role": role}))
                .await
                .refused(403, "forbidden", Some("ACC-1"));
        }
        world
            .patch("nora", &nora, json!({"name": "Nora Keller-Roth"}))
            .await
            .expect(200);
        let tom = format!("{USERS}/{}", id_of(world, "tom@mandat.example").await);
        let taken = world
            .patch("nora", &tom, json!({"operator_role": null}))
            .await
            .expect(200);
        assert_eq!(taken.body["operator_role"], Value::Null);
        let given = world
            .patch("nora", &tom, json!({"operator_role": "operator_admin"}))
            .await
            .expect(200);
        assert_eq!(given.body["operator_role"], "operator_admin");
        world.get("tom", USERS).await.expect(200);
        let staff = format!("{USERS}?operator_role=operator_admin&include=total");
        let staff = world.get("nora", &staff).await.expect(200);
        assert_eq!(staff.body["total"], 2);
    });
}

#[test]
fn org_6_someone_for_whom_an_account_was_made_sets_its_password_by_the_link() {
    on_each_engine(async |world| {
        let new = json!({"name": "Zoe Rosso", "email": ZOE, "language": "it", "operator_role": "operator_support"});
        let made = world.post("nora", USERS, new.clone()).await.expect(201);
        assert_eq!(made.body["email_verified_at"], Value::Null);
        let taken = world
            .post("nora", USERS, new)
            .await
            .refused(409, "email_taken", Some("ORG-6"));
        assert_eq!(taken.body["conflicts"], json!([made.id()]));
        let outbox = world.get("nora", "/v1/admin/outbox").await.expect(200);
        let link = outbox.text_of("/items/0/link");
        let (_, token) = link.split_once('#').expect("a token");
        let reset = TestRequest::post()
            .uri("/v1/auth/password-reset/confirm")
            .set_json(json!({"token": token, "new_password": "nine green kettles hum"}));
        world.send(reset).await.expect(204);
        world.login(ZOE, "nine green kettles hum").await.expect(200);
        let now = world
            .get("nora", &format!("{USERS}/{}", made.id()))
            .await
            .expect(200);
        assert_ne!(now.body["email_verified_at"], Value::Null);
    });
}

#[test]
fn org_1_an_organization_made_by_the_operator_has_its_legal_representative() {
    on_each_engine(async |world| {
        let anna = id_of(world, "anna@baeckerei-sommer.example").await;
        let mut new = json!({"name": "Café Sommer", "kind": "company", "email": "cafe@baeckerei-sommer.example", "country": "CH", "vat_number": null, "legal_representative_id": anna});
        let path = "/v1/admin/organizations";
        let made = world.post("nora", path, new.clone()).await.expect(201);
        let me = world.get("anna", "/v1/me").await.expect(200);
        let mine = me.body["organizations"].as_array().into_iter().flatten();
        let mine: Vec<_> = mine.filter(|one| one["id"] == made.id()).collect();
        assert_eq!(mine[0]["role"], "legal_representative");
        let listed = world
            .get("nora", &format!("{path}?country=CH&kind=company&limit=1"))
            .await
            .expect(200);
        assert_eq!(listed.body["items"][0]["id"], made.id());
        new["legal_representative_id"] = json!("user_01jd8xk3v9e6mbyg4q5r7s8t9v");
        let refused = world.post("nora", path, new).await;
        refused.refused(422, "invalid", Some("ORG-1"));
    });
}

#[test]
fn acc_1_the_operator_finds_organizations_by_a_part_of_their_name() {
    on_each_engine(async |world| {
        let named = async |query: &str| {
            let path = format!("/v1/admin/organizations?include=total&query={query}");
            let found = world.get("nora", &path).await.expect(200);
            let items = found.body["items"].as_array().cloned().unwrap_or_default();
            assert_eq!(found.body["total"], items.len());
            let names = items.iter().filter_map(|one| one["name"].as_str());
            names.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(named("LUMEN").await, ["Studio Lumen"]);
        assert_eq!(named("b%C3%A4cker").await, ["Bäckerei Sommer"]);
        assert_eq!(named("galerie%20arno&kind=company").await, ["Galerie Arno"]);
        for nothing in ["%25", "S_udio", "!", "lumen&country=FR"] {
            assert_eq!(named(nothing).await, [""; 0], "{nothing}");
        }
    });
}

#[test]
fn era_1_the_last_legal_representative_is_not_erased() {
    on_each_engine(async |world| {
        let refused = erase(world, "claire@studio-lumen.example").await.refused(
            409,
            "last_legal_representative",
            Some("ERA-1"),
        );
        let lumen = world.organization("Studio Lumen").await;
        assert_eq!(refused.body["conflicts"], json!([lumen]));
        world.get("claire", "/v1/me").await.expect(200);
        erase(world, "nora@mandat.example")
            .await
            .refused(403, "forbidden", Some("ACC-1"));
    });
}

#[test]
fn era_1_personal_data_go_and_the_books_stay_valid() {
    on_each_engine(async |world| {
        const MAYA: &str = "maya@studio-lumen.example";
        let id = id_of(world, MAYA).await;
        // Something of everything: a session with a name and an address, a token, a second factor, mails.
        let from = "192.0.2.7:50000".parse().expect("an address");
        let given = json!({"email": MAYA, "password": PASSWORD});
        let signed_in = TestRequest::post()
            .uri("/v1/auth/login")
            .insert_header(("user-agent", "Maya's phone"))
            .peer_addr(from);
        let signed_in = world.send(signed_in.set_json(given)).await.expect(200);
        let bearer = format!("Bearer {}", signed_in.text_of("/access_token"));
        let new = json!({"name": "Maya's script", "scopes": ["read"]});
        let token = TestRequest::post()
            .uri("/v1/me/api-tokens")
            .insert_header(("authorization", bearer.clone()))
            .insert_header(("idempotency-key", "k1"))
            .peer_addr(from);
        let token = world.send(token.set_json(new)).await.expect(201);
        world
            .post(
                "maya",
                "/v1/me/second-factor",
                json!({"password": PASSWORD}),
            )
            .await
            .expect(201);
        let forgotten = TestRequest::post()
            .uri("/v1/auth/password-reset")
            .set_json(json!({"email": MAYA}));
        world.send(forgotten).await.expect(204);

        let path = format!("{USERS}/{id}/data-export");
        let before = world.get("nora", &path).await.expect(200);
        for word in [
            "Maya Roth",
            MAYA,
            "Maya's phone",
            "Maya's script",
            "192.0.2.7",
            "Studio Lumen",
        ] {
            assert!(before.text.contains(word), "{word} is not exported");
        }

        // What was linked before stays linked after.
        settle(world).await;
        let erased = erase(world, MAYA).await.expect(200);
        assert_eq!(
            (&erased.body["email"], &erased.body["name"]),
            (&Value::Null, &Value::Null)
        );
        let after = world.get("nora", &path).await.expect(200);
        for word in ["Maya", MAYA, "192.0.2.7"] {
            assert!(!after.text.contains(word), "{word} is left: {}", after.text);
        }
        let left = world.db.read(|tx| {
            let named: i64 = users::table
                .filter(users::email.eq(MAYA).or(users::name.like("Maya%")))
                .count()
                .get_result(tx.conn)?;
            let mails: i64 = mails::table
                .filter(mails::recipient.eq(MAYA))
                .count()
                .get_result(tx.conn)?;
            let phones: i64 = sessions::table
                .filter(sessions::user_agent.eq("Maya's phone"))
                .count()
                .get_result(tx.conn)?;
            let addresses: i64 = audit_log::table
                .filter(audit_log::address.eq("192.0.2.7"))
                .count()
                .get_result(tx.conn)?;
            Ok([named, mails, phones, addresses])
        });
        assert_eq!(left.await.expect("they are counted"), [0; 4]);

        // Nothing of it signs in any more, by any way.
        world
            .login(MAYA, PASSWORD)
            .await
            .refused(401, "wrong_credentials", Some("ORG-6"));
        for credential in [bearer, format!("Bearer {}", token.text_of("/token"))] {
            let me = TestRequest::get()
                .uri("/v1/me")
                .insert_header(("authorization", credential));
            world.send(me).await.refused(401, "unauthenticated", None);
        }
        let members = world.organization("Studio Lumen").await;
        let members = format!("/v1/organizations/{members}/members");
        let members = world.get("claire", &members).await.expect(200);
        assert!(!members.text.contains(&id), "{}", members.text);

        let again = erase(world, "claire@studio-lumen.example").await;
        again.refused(409, "last_legal_representative", Some("ERA-1"));
        let twice = world
            .ask(
                "nora",
                TestRequest::post().uri(&format!("{USERS}/{id}/erase")),
            )
            .await
            .expect(200);
        assert_eq!(twice.body["erased_at"], erased.body["erased_at"]);
        world
            .patch("nora", &format!("{USERS}/{id}"), json!({"name": "Maya"}))
            .await
            .refused(409, "user_erased", Some("ERA-1"));
        let proof = world.db.snapshot(verify::verify).await.expect("a proof");
        assert_eq!(proof.differences, [""; 0]);
        settle(world).await;
        let linked = audit::prove(world, json!({})).await;
        assert_eq!(linked.body["intact"], true, "{}", linked.text);
    });
}

#[test]
fn era_1_a_persons_calls_for_help_end_and_lead_to_nobody() {
    on_each_engine(async |world| {
        const MAYA: &str = "maya@studio-lumen.example";
        let call = json!({
            "subject": "A shop for our bread",
            "description": "We bake, and want to sell it from a website of our own.",
            "families": ["web_hosting"], "region": "CH-VD", "languages": ["de"],
            "contact": {"name": "Maya Roth", "email": MAYA, "phone": "+41 79 123 45 67"},
        });
        let made = world.post("maya", "/v1/tenders", call).await.expect(201);
        let id = made.id();
        assert_eq!(made.body["status"], "open");
        erase(world, MAYA).await.expect(200);
        let left = world.db.read(move |tx| {
            let row: (TenderStatus, String, String, String) = tenders::table
                .find(id.parse::<TenderId>().expect("an id"))
                .select((
                    tenders::status,
                    tenders::contact_name,
                    tenders::contact_email,
                    tenders::contact_phone,
                ))
                .first(tx.conn)?;
            Ok(row)
        });
        let gone = || "erased".to_owned();
        assert_eq!(
            left.await.expect("the tender is kept"),
            (TenderStatus::Cancelled, gone(), gone(), gone())
        );
    });
}

#[test]
fn era_1_everyone_reads_what_is_kept_of_oneself_and_of_nobody_else() {
    on_each_engine(async |world| {
        let mine = world.get("claire", "/v1/me/data-export").await.expect(200);
        assert_eq!(mine.body["user"]["name"], "Claire Morel");
        assert_eq!(mine.body["memberships"][0]["organization"], "Studio Lumen");
        for other in ["Luca", "Maya", "Jonas"] {
            assert!(!mine.text.contains(other), "{other}: {}", mine.text);
        }
        let made = world
            .post(
                "claire",
                "/v1/me/api-tokens",
                json!({"name": "reader", "scopes": ["read"]}),
            )
            .await
            .expect(201);
        let bearer = format!("Bearer {}", made.text_of("/token"));
        let request = TestRequest::get()
            .uri("/v1/me/data-export")
            .insert_header(("authorization", bearer));
        world
            .send(request)
            .await
            .refused(403, "session_required", Some("ERA-1"));
    });
}
