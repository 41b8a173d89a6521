//! Copies of everything: the embedded database as a file, and any as lines of JSON.
use crate::world::on_each_engine;
use diesel::prelude::*;
use mandat::db::schema::organizations;
use mandat::db::{Clock, Connector};
use mandat::service;
use serde_json::Value;
use std::sync::{Arc, Mutex};

#[test]
fn aud_1_an_export_holds_every_row_as_a_line_of_json() {
    on_each_engine(async |world| {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = lines.clone();
        let exported = world.db.export(move |line| {
            let line: Value = serde_json::from_str(line)?;
            kept.lock().expect("the lines").push(line);
            Ok(())
        });
        exported.await.expect("everything is exported");
        let lines = std::mem::take(&mut *lines.lock().expect("the lines"));
        let of = |table: &str| -> Vec<Value> {
            let rows = lines.iter().filter(|line| line["table"] == table);
            rows.map(|line| line["row"].clone()).collect()
        };
        let counted = world
            .db
            .read(|tx| Ok(organizations::table.count().get_result::<i64>(tx.conn)?));
        let counted = counted.await.expect("rows are counted");
        assert_eq!(of("organizations").len() as i64, counted);
        let one = &of("organizations")[0];
        assert_eq!(one["id"].as_str().map(str::len), Some(32), "{one}");
        assert!(
            one["created_at"]
                .as_str()
                .is_some_and(|at| at.contains('T')),
            "{one}"
        );
        let member = &of("memberships")[0];
        assert!(member["may_order"].is_boolean(), "{member}");
        assert!(of("users").len() > 5 && !of("price_lists").is_empty());
        assert!(of("__diesel_schema_migrations").is_empty() && of("standings").is_empty());
    });
}

#[test]
fn aud_1_a_backup_is_a_database_of_its_own() {
    on_each_engine(async |world| {
        let folder = std::env::temp_dir().join(uuid::Uuid::now_v7().to_string());
        std::fs::create_dir(&folder).expect("a folder");
        let file = folder.join("copy.db").display().to_string();
        let made = world.db.backup(file.clone()).await;
        if world.db.connector().embedded().is_none() {
            made.expect_err("a server is copied by its own means");
        } else {
            made.expect("the copy is made");
            let again = world.db.backup(file.clone()).await;
            again.expect_err("what is there is not written over");
            let config = mandat::config::Config {
                database_url: file,
                ..world.service.config.as_ref().clone()
            };
            let copy = service::open_database(&config, Clock::default()).expect("it opens");
            let named = copy.read(|tx| {
                let named = organizations::table.filter(organizations::name.eq("Studio Lumen"));
                Ok(named.count().get_result::<i64>(tx.conn)?)
            });
            assert_eq!(named.await.expect("it is read"), 1);
            assert!(matches!(copy.connector(), Connector::Sqlite { .. }));
        }
        std::fs::remove_dir_all(&folder).expect("the folder goes");
    });
}
