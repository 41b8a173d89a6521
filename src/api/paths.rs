//! Which methods a path answers, read from the document: the router itself does not tell.
use serde_json::Value;

/// Every documented path with its methods.
pub struct Paths(Vec<(Vec<String>, String)>);

impl Paths {
    pub fn of(document: &Value) -> Self {
        let paths = document["paths"].as_object().into_iter().flatten();
        Self(
            paths
                .map(|(path, item)| (segments(path), allow(item)))
                .collect(),
        )
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
        self.0
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
