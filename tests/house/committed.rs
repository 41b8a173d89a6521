//! What the code prints is what is committed: the documents, the policy table, the settings.
//! `WRITE_COMMITTED=1 cargo test --test house` writes them anew.
use crate::document::faults;
use mandat::config;
use mandat::domain::access::Terms;
use mandat::domain::id::{Id, PartnershipId};
use mandat::domain::organization::{OperatorRole, Role};
use mandat::domain::policy::{Action, PartnershipState, Ruling, Standing, judge};
use mandat::resources;
use std::fs;

#[track_caller]
fn is_committed(path: &str, printed: &str) {
    if std::env::var_os("WRITE_COMMITTED").is_some() {
        fs::write(path, printed).expect("the file can be written");
    }
    let committed = fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == printed,
        "{path} is not what the code prints: WRITE_COMMITTED=1 cargo test --test house"
    );
}

#[test]
fn the_committed_documents_are_current() {
    let (newest, older) = resources::documents();
    for (path, document) in [
        ("openapi/mandat.json", newest),
        ("openapi/mandat-3.0.json", older),
    ] {
        let printed = serde_json::to_string_pretty(&document).expect("JSON") + "\n";
        is_committed(path, &printed);
    }
}

#[test]
fn the_documents_have_no_faults() {
    let (newest, older) = resources::documents();
    for document in [newest, older] {
        let found = faults(&document);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

#[test]
fn the_committed_settings_are_current() {
    is_committed(".env.example", &config::example());
}

#[test]
fn the_committed_policy_table_is_current() {
    is_committed("tests/house/policy.table", &policy_table());
}

fn id<K>(byte: u8) -> Id<K> {
    Id::from_bytes([byte; 16])
}

/// A row an action, a column a standing: `yes`, or the rule that refuses.
fn policy_table() -> String {
    let standings = standings();
    let mut table = format!("{:<32}", "");
    table += &standings
        .iter()
        .map(|(name, _)| format!("{name:<30}"))
        .collect::<String>();
    for action in Action::ALL {
        table += &format!("\n{action:<32}");
        for (_, standing) in &standings {
            let word = match judge(standing, *action) {
                Ruling::Granted(rule) => format!("yes ({rule})"),
                Ruling::Refused(rule) => format!("- {rule}"),
            };
            table += &format!("{word:<30}");
        }
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

fn standings() -> Vec<(String, Standing)> {
    let mut all = Vec::new();
    for role in Role::ALL {
        for may_order in [false, true] {
            if may_order && *role != Role::Collaborator {
                continue;
            }
            let name = format!("{}{}", short(*role), if may_order { "+order" } else { "" });
            all.push((
                name.clone(),
                Standing::Member {
                    member: id(1),
                    role: *role,
                    may_order,
                },
            ));
            if *role == Role::External {
                continue;
            }
            for terms in Terms::ALL {
                let standing = partner(*role, may_order, terms, PartnershipState::Active);
                all.push((format!("p.{name} {}", terms.as_str()), standing));
            }
        }
    }
    for state in [PartnershipState::Suspended, PartnershipState::Ended] {
        let standing = partner(Role::LegalRepresentative, false, Terms::ALL[2], state);
        all.push((format!("p.legal {state}"), standing));
    }
    for role in OperatorRole::ALL {
        all.push((role.to_string(), Standing::Operator { role: *role }));
    }
    for (name, whole) in [("grant for some", false), ("grant for all", true)] {
        let grant = id(4);
        all.push((name.into(), Standing::Support { grant, whole }));
    }
    all
}

fn partner(role: Role, may_order: bool, terms: Terms, state: PartnershipState) -> Standing {
    let partnership: PartnershipId = id(2);
    Standing::Partner {
        partnership,
        partner: id(3),
        member: id(1),
        role,
        may_order,
        narrowed: false,
        terms,
        state,
    }
}

fn short(role: Role) -> &'static str {
    match role {
        Role::LegalRepresentative => "legal",
        Role::Administrator => "admin",
        Role::Collaborator => "collab",
        Role::External => "external",
    }
}
