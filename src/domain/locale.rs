//! The languages in which people are spoken to.
use super::words::words;

words! {
    Language { English = "en", French = "fr", German = "de", Italian = "it", Spanish = "es" }
}
