//! Finding organizations by a part of their name.

diesel::define_sql_function! {
    /// Without the case of letters, as far as the engine knows them.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// A pattern for `LIKE … ESCAPE '!'` over lower letters, in which nothing that was typed is a wildcard.
pub fn containing(text: &str) -> String {
    let plain = text
        .to_lowercase()
        .replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_");
    format!("%{plain}%")
}
