//! The languages in which people are spoken to.
use super::words::words;

words! {
    /// A language in which people are spoken to.
    Language { English = "en", French = "fr", German = "de", Italian = "it", Spanish = "es" }
}
