//! A floor looks down, never up; one file knows the engines; the rules are pure.
use std::fs;
use std::path::Path;

/// What each floor may name after `crate::`.
const FLOORS: [(&str, &[&str]); 5] = [
    ("src/domain", &["domain"]),
    ("src/db", &["domain", "error", "secret", "db"]),
    ("src/api", &["domain", "error", "secret", "db", "api"]),
    (
        "src/resources",
        &[
            "domain",
            "error",
            "secret",
            "config",
            "db",
            "api",
            "resources",
        ],
    ),
    (
        "src/jobs",
        &[
            "domain",
            "error",
            "secret",
            "config",
            "db",
            "api",
            "resources",
            "service",
            "jobs",
        ],
    ),
];

#[test]
fn a_floor_looks_down_never_up() {
    for (floor, may_name) in FLOORS {
        let mut seen = 0;
        each_file(Path::new(floor), &mut |file, text| {
            for named in text.split("crate::").skip(1).filter_map(|rest| {
                rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()
            }) {
                seen += 1;
                assert!(
                    named.is_empty() || may_name.contains(&named),
                    "{} names crate::{named}",
                    file.display()
                );
            }
        });
        assert!(floor == "src/domain" || seen > 0, "{floor} was not read");
    }
}

#[test]
fn nobody_calls_another_rooms_handlers() {
    for folder in ["src/resources", "src/jobs"] {
        each_file(Path::new(folder), &mut |file, text| {
            for line in text.lines().filter(|line| {
                line.starts_with("use crate::resources::") || line.contains(" crate::resources::")
            }) {
                assert!(!line.contains("::handlers"), "{}: {line}", file.display());
            }
        });
    }
}

#[test]
fn only_the_dialect_names_an_engine() {
    each_file(Path::new("src"), &mut |file, text| {
        if !file.ends_with("db/dialect.rs") {
            for word in [
                "SqliteConnection",
                "PgConnection",
                "diesel::pg",
                "diesel::sqlite",
                "sql_query",
                "Conn::Postgres",
                "Conn::Sqlite",
            ] {
                assert!(!text.contains(word), "{} names {word}", file.display());
            }
        }
    });
}

#[test]
fn the_domain_is_pure() {
    each_file(Path::new("src/domain"), &mut |file, text| {
        for word in [
            "diesel",
            "actix",
            "Utc::now",
            "std::fs",
            "std::env",
            "std::time",
            "rand::",
        ] {
            assert!(!text.contains(word), "{} names {word}", file.display());
        }
    });
}

#[test]
fn nothing_computes_money_with_floats() {
    each_file(Path::new("src"), &mut |file, text| {
        for word in ["f32", "f64"] {
            let named = text
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|token| token == word);
            assert!(!named, "{} names {word}", file.display());
        }
    });
}

#[test]
fn every_file_says_what_it_is() {
    for root in ["src", "tests", "benches"] {
        if Path::new(root).exists() {
            each_file(Path::new(root), &mut |file, text| {
                assert!(
                    text.starts_with("//! "),
                    "{} does not begin with `//! `",
                    file.display()
                );
            });
        }
    }
}

fn each_file(folder: &Path, visit: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            each_file(&path, visit);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            visit(
                &path,
                &fs::read_to_string(&path).expect("the file can be read"),
            );
        }
    }
}
