//! Every column that holds words or bytes is known for what it holds of a person, and who takes that
//! away (ERA-1). A new column stands in `personal.table` before it is written to:
//!
//! | it holds | means |
//! |---|---|
//! | `word` | one of our own words, or a code that many have |
//! | `ids` | ids and our own words; for what stays for good, such as events and the audit log |
//! | `secret` | a hash, a MAC, a key or something sealed that leads to nobody once the rest is gone |
//! | `organization` | what an organization is by law or to the public |
//! | `free` | what people like to write: it is their organization's, and the person's address goes from it |
//! | `person` | a person's: the file named takes it away |
use std::collections::BTreeMap;
use std::fs;

fn source(of: &str) -> String {
    let path = match of {
        "forget" => "src/resources/users/forget.rs",
        "support" => "src/resources/support/model.rs",
        "reset" => "src/resources/accounts/reset.rs",
        "totp" => "src/resources/accounts/totp.rs",
        other => panic!("{other} takes nothing away"),
    };
    fs::read_to_string(path).expect("it can be read")
}

/// The columns of all tables that can hold a word, as `table.column`.
fn columns() -> Vec<String> {
    let schema = fs::read_to_string("src/db/schema.rs").expect("it can be read");
    let mut columns = Vec::new();
    for table in schema.split("diesel::table! {").skip(1) {
        let mut lines = table.lines().map(str::trim);
        let named = lines.find(|line| line.ends_with('{') && !line.starts_with("//"));
        let name = named.and_then(|line| line.split(' ').next());
        let name = name.expect("a name");
        // A view: what it shows is the tables'.
        if name == "standings" {
            continue;
        }
        let lines = table
            .lines()
            .filter_map(|line| line.trim().split_once(" -> "));
        for (column, kind) in lines {
            let id = column == "id" || column == "owner" || column.ends_with("_id");
            let id = id || column.ends_with("_by");
            if kind.contains("Text") || (kind.contains("Binary") && !id) {
                columns.push(format!("{name}.{column}"));
            }
        }
    }
    columns
}

#[test]
fn era_1_of_every_column_it_is_known_what_it_holds_of_a_person() {
    let table = fs::read_to_string("tests/house/personal.table").expect("it can be read");
    let mut known = BTreeMap::new();
    for line in table.lines() {
        let (column, holds) = line.split_once(' ').expect("a column and what it holds");
        assert!(
            known.insert(column, holds.trim()).is_none(),
            "{column} twice"
        );
    }
    for column in columns() {
        let holds = known.remove(column.as_str());
        let holds = holds.unwrap_or_else(|| panic!("personal.table does not know {column}"));
        let (table, name) = column.split_once('.').expect("two names");
        match holds.split_once(' ').unwrap_or((holds, "")) {
            ("word" | "ids" | "secret" | "organization", "") => {}
            ("free", "") => assert!(
                source("forget").contains(&format!("(\"{table}\", \"{name}\")")),
                "nobody takes an address from {column}"
            ),
            ("person", by) => assert!(
                source(by).contains(&format!("{table}::")),
                "{by} takes nothing away of {column}"
            ),
            _ => panic!("{column} cannot hold {holds}"),
        }
    }
    assert!(known.is_empty(), "there is no {known:?}");
}
