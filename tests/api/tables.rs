//! Lists as tables for spreadsheets (EXP-1).
use crate::money::{hosting, order};
use crate::world::on_each_engine;
use serde_json::json;

/// The rows of a table, its header first.
pub fn rows(table: &str) -> Vec<Vec<String>> {
    let lines = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(table.as_bytes())
        .records()
        .collect::<Result<Vec<_>, _>>();
    let cells = |line: csv::StringRecord| line.iter().map(str::to_owned).collect();
    lines.expect("a table").into_iter().map(cells).collect()
}

#[test]
fn exp_1_a_list_comes_as_a_table_when_asked() {
    on_each_engine(async |world| {
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
        let path = format!("/v1/organizations/{lumen}/prepaid-accounts/CHF/entries");
        let json = world.get("claire", &path).await.expect(200);
        assert_eq!(json.text_of("/items/0/amount/amount"), "52.08");
        let table = world.get_as("claire", &path, "text/csv").await.expect(200);
        assert_eq!(
            table.header("content-type"),
            "text/csv; charset=utf-8; header=present"
        );
        assert_eq!(
            table.header("content-disposition"),
            "attachment; filename=\"prepaid-entries.csv\""
        );
        assert!(
            table
                .text
                .starts_with("id,recorded_at,kind,currency,amount,billing_event_id,payout_id\r\n")
        );
        let rows = rows(&table.text);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1][2..5], ["order", "CHF", "52.08"]);
        for accept in [
            "*/*",
            "text/html, application/json;q=0.9, text/csv;q=0.1",
            "",
        ] {
            let other = world.get_as("claire", &path, accept).await.expect(200);
            assert_eq!(other.body, json.body);
        }
        world
            .get_as("karl", &path, "text/csv")
            .await
            .refused(404, "not_found", None);
        let euros = path.replace("CHF", "EUR");
        let none = world.get_as("claire", &euros, "text/csv").await.expect(200);
        assert_eq!(none.text.lines().count(), 1);
        let dollars = path.replace("CHF", "USD");
        world
            .get("claire", &dollars)
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn exp_1_a_table_is_whole_however_long() {
    on_each_engine(async |world| {
        let lines = vec![json!({"family": "mail", "quantity": 1, "period": "monthly"}); 100];
        for _ in 0..6 {
            order(
                world,
                "sofia",
                "customer",
                "Galerie Arno",
                "CHF",
                json!(lines),
            )
            .await
            .expect(201);
        }
        let arno = world.organization("Galerie Arno").await;
        let path = format!("/v1/organizations/{arno}/billing-events?limit=2&include=total");
        let page = world.get("sofia", &path).await.expect(200);
        assert_eq!(page.body["total"], 600);
        let table = world.get_as("sofia", &path, "text/csv").await.expect(200);
        let rows = rows(&table.text);
        assert_eq!(rows.len(), 601);
        let ids: std::collections::BTreeSet<&String> = rows.iter().map(|row| &row[0]).collect();
        assert_eq!(ids.len(), 601);
        assert_eq!(rows[1][0], page.text_of("/items/0/id"));
    });
}
