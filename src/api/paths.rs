//! Which methods a path answers, and what its operations are called, read from the document: the router
//! itself does not tell.
use serde_json::Value;
use std::collections::HashMap;

/// Every documented path with its methods, and the names of those that read.
pub struct Paths {
    methods: Vec<(Vec<String>, String)>,
    reads: HashMap<String, String>,
}

impl Paths {
    pub fn of(document: &Value) -> Self {
        let paths = || document["paths"].as_object().into_iter().flatten();
        let reading = |(path, item): (&String, &Value)| {
            let name = item["get"]["operationId"].as_str()?;
            Some((path.clone(), name.to_owned()))
        };
        Self {
            methods: paths()
                .map(|(path, item)| (segments(path), allow(item)))
                .collect(),
            reads: paths().filter_map(reading).collect(),
        }
    }

    /// What reading a path is called, by its pattern.
    pub fn reading(&self, pattern: &str) -> Option<&str> {
        self.reads.get(pattern).map(String::as_str)
    }

    /// The `Allow` header of a path; none for one that is not documented.
    pub fn methods(&self, path: &str) -> Option<&str> {
        let asked = segments(path);
        let fits = |known: &[String]| {
            known.len() == asked.len()
                && known
                    .iter()
                    .zip(&asked)
                    .all(|(known, asked)| known.starts_with('{') || known == asked)
        };
        self.methods
            .iter()
            .find(|(known, _)| fits(known))
            .map(|(_, allow)| allow.as_str())
    }
}

fn segments(path: &str) -> Vec<String> {
    path.split('/').map(str::to_owned).collect()
}

fn allow(item: &Value) -> String {
    let methods = item
        .as_object()
        .into_iter()
        .flatten()
        .map(|(method, _)| method.to_uppercase());
    methods
        .filter(|method| ["GET", "PUT", "POST", "DELETE", "PATCH"].contains(&method.as_str()))
        .collect::<Vec<_>>()
        .join(", ")
}
