//! The audit log: what stands in it, who reads it, and that no line goes missing unseen (AUD-1).
use crate::jobs::settle;
use crate::partnerships::{partnership, set_payment_mode};
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use diesel::prelude::*;
use mandat::db::Tx;
use mandat::db::schema::{audit_heads, audit_log};
use mandat::domain::audit::AuditFault;
use mandat::jobs::reads;
use mandat::resources::audit::proof;
use serde_json::{Value, json};

pub async fn prove(world: &World, body: Value) -> Answer {
    let request = TestRequest::post()
        .uri("/v1/admin/audit-log/verify")
        .set_json(body);
    world.ask("nora", request).await.expect(200)
}

/// Some lines, linked; where the chain ends.
async fn filled(world: &World) -> i64 {
    for _ in 0..12 {
        let token = json!({"name": "script", "scopes": ["read"]});
        world
            .post("claire", "/v1/me/api-tokens", token)
            .await
            .expect(201);
    }
    settle(world).await;
    last(world).await
}

/// What a proof finds after the log was tampered with: fault, from, to.
async fn found(
    world: &World,
    tamper: impl Fn(&mut Tx, i64) -> mandat::error::Result<()> + Send + 'static,
) -> Vec<(String, i64, i64)> {
    let end = filled(world).await;
    let intact = prove(world, json!({})).await;
    assert_eq!(intact.body["intact"], true, "{}", intact.text);
    assert!(intact.body["entries"].as_i64() > Some(9), "{}", intact.text);
    world
        .db
        .write(move |tx| tamper(tx, end))
        .await
        .expect("the log is tampered with");
    let proof = prove(world, json!({})).await;
    let differences = proof.body["differences"].as_array().expect("differences");
    assert_eq!(proof.body["intact"], differences.is_empty());
    differences
        .iter()
        .map(|one| {
            let place = |name: &str| one[name].as_i64().expect("a place");
            (
                one["fault"].as_str().expect("a fault").into(),
                place("from"),
                place("to"),
            )
        })
        .collect()
}

fn fault(name: &str, from: i64, to: i64) -> (String, i64, i64) {
    (name.into(), from, to)
}

async fn last(world: &World) -> i64 {
    let last = world.db.read(|tx| {
        let last: Option<i64> = audit_log::table
            .select(diesel::dsl::max(audit_log::position))
            .first(tx.conn)?;
        Ok(last.unwrap_or(0))
    });
    last.await.expect("the last position")
}

#[test]
fn aud_1_an_altered_line_is_found() {
    on_each_engine(async |world| {
        let found = found(world, |tx, _| {
            diesel::update(audit_log::table.filter(audit_log::position.eq(3)))
                .set(audit_log::rule.eq("ORG-9"))
                .execute(tx.conn)?;
            Ok(())
        });
        assert_eq!(found.await, [fault("altered", 3, 3)]);
    });
}

#[test]
fn aud_1_a_removed_line_is_found() {
    on_each_engine(async |world| {
        let found = found(world, |tx, _| {
            let some = audit_log::table.filter(audit_log::position.between(4, 5));
            diesel::delete(some).execute(tx.conn)?;
            Ok(())
        });
        assert_eq!(found.await, [fault("missing", 4, 5)]);
    });
}

#[test]
fn aud_1_lines_that_changed_places_are_found() {
    on_each_engine(async |world| {
        let found = found(world, |tx, _| {
            for (from, to) in [(3, -1), (4, 3), (-1, 4)] {
                diesel::update(audit_log::table.filter(audit_log::position.eq(from)))
                    .set(audit_log::position.eq(to))
                    .execute(tx.conn)?;
            }
            Ok(())
        });
        let found = found.await;
        assert_eq!(found[0], fault("altered", 3, 3), "{found:?}");
        assert_eq!(found[1], fault("altered", 4, 4), "{found:?}");
    });
}

/// A line of the tamperer's own at this position.
fn insert(tx: &mut Tx, position: i64) -> mandat::error::Result<()> {
    diesel::insert_into(audit_log::table)
        .values((
            audit_log::id.eq(tx.new_id::<mandat::domain::id::kind::Entry>()?),
            audit_log::action.eq("user.created"),
            audit_log::subject.eq("nobody"),
            audit_log::detail.eq("{}"),
            audit_log::recorded_at.eq(tx.now),
            audit_log::position.eq(position),
            audit_log::link.eq(vec![7; 32]),
        ))
        .execute(tx.conn)?;
    Ok(())
}

#[test]
fn aud_1_a_line_inserted_at_the_end_or_beyond_is_found() {
    on_each_engine(async |world| {
        let found_there = found(world, |tx, end| insert(tx, end + 1)).await;
        let end = last(world).await;
        assert_eq!(found_there, [fault("altered", end, end)]);
    });
    on_each_engine(async |world| {
        let found_there = found(world, |tx, end| insert(tx, end + 3)).await;
        let end = last(world).await;
        assert_eq!(found_there, [fault("missing", end - 2, end - 1)]);
    });
}

#[test]
fn aud_1_a_line_inserted_between_others_is_found() {
    on_each_engine(async |world| {
        let found = found(world, |tx, end| {
            // By way of negative places, since no place is taken twice.
            for position in 5..=end {
                diesel::update(audit_log::table.filter(audit_log::position.eq(position)))
                    .set(audit_log::position.eq(-position - 1))
                    .execute(tx.conn)?;
            }
            diesel::update(audit_log::table.filter(audit_log::position.lt(0)))
                .set(audit_log::position.eq(audit_log::position * -1))
                .execute(tx.conn)?;
            insert(tx, 5)
        });
        let found = found.await;
        assert_eq!(found[0], fault("altered", 5, 5), "{found:?}");
        assert_eq!(found[1], fault("altered", 6, 6), "{found:?}");
    });
}

#[test]
fn aud_1_no_part_of_a_line_can_be_altered() {
    on_each_engine(async |world| {
        let org = world.organization("Galerie Arno").await;
        let id = partnership(world, "sofia", "Galerie Arno").await;
        set_payment_mode(world, "sofia", &id, "partner")
            .await
            .expect(200);
        let products = format!("/v1/organizations/{org}/products");
        world.get("claire", &products).await.expect(200);
        reads::step(world.service.clone()).await.expect("written");
        filled(world).await;
        for (column, value) in [
            ("event_id", "NULL"),
            ("actor_id", "NULL"),
            ("credential", "NULL"),
            ("organization_id", "NULL"),
            ("partner_id", "NULL"),
            ("partnership_id", "NULL"),
            ("action", "action || 'x'"),
            ("rule", "'ORG-99'"),
            ("subject", "subject || 'x'"),
            ("detail", "'{}' || detail"),
            ("before", "'{}'"),
            ("after", "'{}'"),
            ("request_id", "'another'"),
            ("recorded_at", "'2020-01-01 00:00:00'"),
        ] {
            let altered = world.db.write(move |tx| {
                let one = format!(
                    "UPDATE audit_log SET {column} = {value} WHERE position = \
                     (SELECT MIN(position) FROM audit_log WHERE {column} IS NOT NULL)"
                );
                let count = diesel::sql_query(one).execute(tx.conn)?;
                assert_eq!(count, 1, "no line has a {column}");
                let found = proof::verify(tx, Vec::new())?.differences;
                let found: Vec<AuditFault> = found.iter().map(|one| one.fault).collect();
                // Undone again.
                Err::<(), _>(mandat::error::Error::internal(format!("{found:?}")))
            });
            let found = altered.await.expect_err("it is undone").to_string();
            assert_eq!(found, "internal: [Altered]", "{column}");
        }
    });
}

#[test]
fn aud_1_a_log_that_was_cut_off_is_found() {
    on_each_engine(async |world| {
        let found = found(world, |tx, end| {
            diesel::delete(audit_log::table.filter(audit_log::position.gt(end - 2)))
                .execute(tx.conn)?;
            Ok(())
        });
        let found = found.await;
        let end = found[0].2;
        assert_eq!(found, [fault("cut_off", end - 1, end)]);
        // What is written afterwards does not cover it up.
        world
            .post(
                "claire",
                "/v1/me/api-tokens",
                json!({"name": "x", "scopes": ["read"]}),
            )
            .await
            .expect(201);
        settle(world).await;
        let proof = prove(world, json!({})).await;
        assert_eq!(
            proof.body["differences"][0]["fault"], "missing",
            "{}",
            proof.text
        );
    });
}

#[test]
fn aud_1_a_log_cut_off_with_every_trace_is_found_by_a_head_kept_elsewhere() {
    on_each_engine(async |world| {
        filled(world).await;
        let head = prove(world, json!({})).await.text_of("/head");
        let cut = world.db.write(|tx| {
            diesel::delete(audit_log::table.filter(audit_log::position.gt(2))).execute(tx.conn)?;
            diesel::delete(audit_heads::table).execute(tx.conn)?;
            Ok(())
        });
        cut.await.expect("the log is cut off");
        let proof = prove(world, json!({})).await;
        assert_eq!(proof.body["intact"], true, "nothing here tells");
        let proof = prove(world, json!({"head": head})).await;
        assert_eq!(
            proof.body["differences"][0]["fault"], "cut_off",
            "{}",
            proof.text
        );
        let forged = head.replace("mandat-audit-1:", "mandat-audit-1:9");
        let proof = prove(world, json!({"head": forged})).await;
        assert_eq!(
            proof.body["differences"][0]["fault"], "head_forged",
            "{}",
            proof.text
        );
        let request = TestRequest::post()
            .uri("/v1/admin/audit-log/verify")
            .set_json(json!({"head": "nonsense"}));
        world
            .ask("nora", request)
            .await
            .refused(422, "invalid", None);
    });
}

#[test]
fn aud_1_what_no_head_of_this_service_precedes_is_not_linked() {
    on_each_engine(async |world| {
        filled(world).await;
        let forge = world.db.write(|tx| {
            diesel::update(audit_heads::table)
                .set(audit_heads::signature.eq(vec![0; 64]))
                .execute(tx.conn)?;
            Ok(())
        });
        forge.await.expect("the head is forged");
        world
            .post(
                "claire",
                "/v1/me/api-tokens",
                json!({"name": "x", "scopes": ["read"]}),
            )
            .await
            .expect(201);
        let step = mandat::jobs::sequence::step(world.service.clone()).await;
        assert!(step.is_err(), "the sequencer goes on from a forged head");
        let proof = prove(world, json!({})).await;
        assert_eq!(
            proof.body["differences"][0]["fault"], "head_forged",
            "{}",
            proof.text
        );
    });
}

#[test]
fn era_1_an_address_goes_with_its_salt_and_the_chain_stays_valid() {
    on_each_engine(async |world| {
        let request = TestRequest::post()
            .uri("/v1/me/api-tokens")
            .peer_addr("192.0.2.17:4711".parse().expect("an address"))
            .set_json(json!({"name": "script", "scopes": ["read"]}));
        world.ask("claire", request).await.expect(201);
        let list = world
            .get("nora", "/v1/admin/audit-log?action=api_token.created")
            .await
            .expect(200);
        assert_eq!(list.body["items"][0]["address"], "192.0.2.17");
        let of_it = || audit_log::table.filter(audit_log::address.eq("192.0.2.17"));
        let altered = found(world, move |tx, _| {
            diesel::update(of_it())
                .set(audit_log::address.eq("192.0.2.18"))
                .execute(tx.conn)?;
            Ok(())
        });
        assert_eq!(altered.await[0].0, "address_altered");
        let erased = world.db.write(|tx| {
            diesel::update(audit_log::table.filter(audit_log::address.is_not_null()))
                .set((
                    audit_log::address.eq(None::<String>),
                    audit_log::salt.eq(None::<Vec<u8>>),
                ))
                .execute(tx.conn)?;
            Ok(())
        });
        erased.await.expect("addresses are erased");
        assert_eq!(prove(world, json!({})).await.body["intact"], true);
    });
}

#[test]
fn aud_1_reads_on_anothers_behalf_are_gathered_by_the_hour() {
    on_each_engine(async |world| {
        let org = world.organization("Galerie Arno").await;
        let id = partnership(world, "sofia", "Galerie Arno").await;
        let products = format!("/v1/organizations/{org}/products");
        let log = format!("/v1/organizations/{org}/audit-log?action=list_products");
        let count = async || {
            reads::step(world.service.clone())
                .await
                .expect("reads are written");
            let page = world.get("sofia", &log).await.expect(200);
            page.body["items"].as_array().expect("items").clone()
        };
        world.get("sofia", &products).await.expect(200);
        assert_eq!(
            count().await.len(),
            0,
            "its own people's reads are no one else's"
        );
        for _ in 0..3 {
            world.get("claire", &products).await.expect(200);
        }
        let lines = count().await;
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["partnership_id"], id.as_str());
        assert_eq!(lines[0]["rule"], "ACC-1");
        assert!(lines[0]["actor_id"].is_string());
        world.get("ben", &products).await.expect(404);
        assert_eq!(count().await.len(), 1, "what was refused was not seen");
        world.advance(TimeDelta::hours(1));
        world.get("claire", &products).await.expect(200);
        assert_eq!(count().await.len(), 2, "another hour");
        settle(world).await;
        assert_eq!(prove(world, json!({})).await.body["intact"], true);
    });
}

#[test]
fn aud_1_each_organization_reads_its_own_log() {
    on_each_engine(async |world| {
        let id = partnership(world, "sofia", "Galerie Arno").await;
        set_payment_mode(world, "sofia", &id, "partner")
            .await
            .expect(200);
        let org = world.organization("Galerie Arno").await;
        let log = format!("/v1/organizations/{org}/audit-log");
        let filtered = format!("{log}?action=partnership.payment_mode_changed");
        let page = world.get("sofia", &filtered).await.expect(200);
        let line = &page.body["items"][0];
        assert_eq!(line["subject_id"], id.as_str(), "{}", page.text);
        assert_eq!(line["rule"], "ORG-2");
        assert_eq!(line["before"]["payment_mode"], "customer");
        assert_eq!(line["after"]["payment_mode"], "partner");
        let actor = line["actor_id"].as_str().expect("an actor");
        let when = line["recorded_at"].as_str().expect("an instant");
        let mine = world
            .get("sofia", &format!("{log}?actor={actor}&from={when}"))
            .await;
        assert_eq!(mine.expect(200).body["items"][0], *line);
        let earlier = world
            .get(
                "sofia",
                &format!("{log}?to={when}&action=partnership.payment_mode_changed"),
            )
            .await;
        assert_eq!(earlier.expect(200).body["items"], json!([]));
        for stranger in ["ben", "nora"] {
            let seen = world.get(stranger, &log).await;
            match stranger {
                "nora" => seen.expect(200),
                _ => seen.refused(404, "not_found", None),
            };
        }
        world
            .get("claire", &log)
            .await
            .refused(403, "forbidden", Some("AUD-1"));
        world
            .get("sofia", "/v1/admin/audit-log")
            .await
            .refused(403, "forbidden", Some("ACC-1"));
        let prove = TestRequest::post()
            .uri("/v1/admin/audit-log/verify")
            .set_json(json!({}));
        world
            .ask("sofia", prove)
            .await
            .refused(403, "forbidden", Some("ACC-1"));
        let table = TestRequest::get()
            .uri(&filtered)
            .insert_header(("accept", "text/csv"));
        let table = world.ask("sofia", table).await.expect(200);
        assert!(
            table.text.contains("payment_mode=partner"),
            "{}",
            table.text
        );
    });
}
