//! PSH-4: what PSH-1 to PSH-3 forbid, the database itself refuses, by plain SQL and on each engine.
use crate::world::{World, on_each_engine};
use diesel::connection::SimpleConnection;

/// A partnership of a customer of Studio Lumen with Nordwerk that has no terms yet.
fn rival(customer: &str) -> String {
    format!(
        "INSERT INTO partnerships (id, customer_id, partner_id, invitation_id, agreed_at, started_at, scheduled, version) \
         SELECT i.id, p.customer_id, n.id, i.id, p.agreed_at, p.started_at, FALSE, 1 \
         FROM partnerships p JOIN invitations i ON i.partnership_id = p.id \
         JOIN organizations c ON c.id = p.customer_id AND c.name = '{customer}' \
         JOIN organizations n ON n.name = 'Nordwerk'"
    )
}

/// Terms for the rival of a customer's partner.
fn terms(customer: &str, level: &str, mode: &str, live: &str, closed: bool) -> String {
    let valid_to = if closed {
        "'2999-01-01 00:00:00'"
    } else {
        "NULL"
    };
    format!(
        "INSERT INTO partnership_terms (partnership_id, customer_id, partner_id, level, payment_mode, live_level, valid_from, valid_to) \
         SELECT p.id, p.customer_id, p.partner_id, {level}, {mode}, {live}, p.started_at, {valid_to} \
         FROM partnerships p JOIN organizations c ON c.id = p.customer_id AND c.name = '{customer}' \
         JOIN organizations n ON n.id = p.partner_id AND n.name = 'Nordwerk'"
    )
}

/// A product of an owner, selected for the rival of Velo Kurier's partner.
fn selection(owner: &str, as_of_customer: &str) -> String {
    format!(
        "INSERT INTO selections (partnership_id, product_id, customer_id, valid_from) \
         SELECT p.id, (SELECT MIN(s.product_id) FROM selections s), o.id, p.started_at \
         FROM partnerships p JOIN organizations c ON c.id = p.customer_id AND c.name = 'Velo Kurier' \
         JOIN organizations n ON n.id = p.partner_id AND n.name = 'Nordwerk' \
         JOIN organizations o ON o.name = '{as_of_customer}'"
    )
    .replace(
        "(SELECT MIN(s.product_id) FROM selections s)",
        &match owner {
            "Velo Kurier" => "(SELECT s.product_id FROM selections s ORDER BY s.product_id LIMIT 1)".to_owned(),
            other => format!("(SELECT g.id FROM products g JOIN organizations w ON w.id = g.organization_id AND w.name = '{other}' ORDER BY g.id LIMIT 1)"),
        },
    )
}

async fn run(world: &World, statement: &str) -> Result<(), String> {
    let statement = statement.to_owned();
    let ran = world
        .db
        .write(move |tx| Ok(tx.conn.batch_execute(&statement)?))
        .await;
    ran.map_err(|error| error.to_string())
}

#[test]
fn psh_4_the_database_refuses_by_itself_what_the_rules_forbid() {
    on_each_engine(async |world| {
        for allowed in [
            rival("Velo Kurier"),
            rival("Galerie Arno"),
            terms("Velo Kurier", "'limited'", "NULL", "'limited'", false),
        ] {
            run(world, &allowed).await.expect("the rules allow it");
        }
        let refused = [
            (
                "a second partner in full access (PSH-1)",
                terms("Galerie Arno", "'full'", "'customer'", "'full'", false),
            ),
            (
                "limited access beside full (PSH-3)",
                terms("Galerie Arno", "'limited'", "NULL", "'limited'", false),
            ),
            (
                "full access beside limited (PSH-3)",
                "UPDATE partnership_terms SET level = 'full', payment_mode = 'partner', live_level = 'full' \
                 WHERE live_level = 'limited' AND partner_id IN (SELECT id FROM organizations WHERE name = 'Nordwerk')"
                    .to_owned(),
            ),
            (
                "another level while terms of this one are open (PSH-3)",
                "UPDATE customer_access SET level = CASE level WHEN 'full' THEN 'limited' ELSE 'full' END".to_owned(),
            ),
            (
                "a product that another manages (PSH-2)",
                selection("Velo Kurier", "Velo Kurier"),
            ),
            (
                "a product of somebody else as one's own (PSH-2)",
                selection("Galerie Arno", "Velo Kurier"),
            ),
            (
                "a product of somebody else, under somebody else's partnership (PSH-2)",
                selection("Galerie Arno", "Galerie Arno"),
            ),
            (
                "a second open partnership between the same two",
                rival("Velo Kurier").replace("SELECT i.id,", "SELECT p.customer_id,"),
            ),
            (
                "a partner of itself",
                "UPDATE partnerships SET partner_id = customer_id".to_owned(),
            ),
            (
                "limited access with a payment mode",
                terms("Galerie Arno", "'limited'", "'customer'", "NULL", true),
            ),
            (
                "full access without a payment mode",
                terms("Galerie Arno", "'full'", "NULL", "NULL", true),
            ),
            (
                "open terms that count for no level",
                terms("Galerie Arno", "'full'", "'customer'", "NULL", false),
            ),
            (
                "terms under another customer's name",
                terms("Galerie Arno", "'full'", "'customer'", "NULL", true).replace(
                    "p.id, p.customer_id,",
                    "p.id, (SELECT id FROM organizations WHERE name = 'Velo Kurier'),",
                ),
            ),
        ];
        for (what, statement) in refused {
            let outcome = run(world, &statement).await;
            let why = outcome.expect_err(what).to_lowercase();
            assert!(why.contains("constraint"), "{what}: {why}");
        }
    });
}
