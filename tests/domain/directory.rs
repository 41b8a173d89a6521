//! How the directory reads words, regions and profiles (DIR-1).
use mandat::domain::directory::{Profile, country_of, folded_words, is_region};
use proptest::prelude::*;

fn words(text: &str) -> Vec<String> {
    folded_words(text).into_iter().collect()
}

#[test]
fn dir_1_words_lose_accents_and_case_and_nothing_else() {
    for (text, folded) in [
        ("Bäckerei Sommer", vec!["backerei", "sommer"]),
        ("BÄCKEREI, sommer!", vec!["backerei", "sommer"]),
        ("Straße STRASSE straẞe", vec!["strasse"]),
        ("Cœur d'Œuvre", vec!["coeur", "d", "oeuvre"]),
        ("Ærø Łódź Ðjúpið", vec!["aero", "djupid", "lodz"]),
        ("E-Commerce 24/7", vec!["24", "7", "commerce", "e"]),
        ("ﬁnance ２０２６", vec!["2026", "finance"]),
        ("Київ Αθήνα", vec!["αθηνα", "киів"]),
        ("  –  ", vec![]),
    ] {
        assert_eq!(words(text), folded, "{text}");
    }
}

proptest! {
    /// What was folded is found as it stands, and by any beginning of it.
    #[test]
    fn dir_1_folding_twice_is_folding_once(text in "\\PC{0,60}") {
        let once = folded_words(&text);
        let again = folded_words(&once.iter().cloned().collect::<Vec<_>>().join(" "));
        prop_assert_eq!(&once, &again);
        prop_assert!(once.iter().all(|word| !word.is_empty()));
    }
}

#[test]
fn dir_1_a_region_is_a_country_or_a_part_of_one() {
    for region in ["CH", "CH-VD", "FR-ARA", "GB-ENG", "AT-9"] {
        assert!(is_region(region), "{region}");
    }
    for region in [
        "", "ch", "XX", "CH-", "CH-vd", "CH-VAUD", "CHE", "Vaud", "CH-VD-1",
    ] {
        assert!(!is_region(region), "{region}");
    }
    assert_eq!(country_of("CH-VD"), Some("CH"));
    assert_eq!(country_of("CH"), None);
}

#[test]
fn dir_1_a_profile_is_kept_without_repetitions() {
    let owned = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
    let profile = Profile {
        listed: true,
        description: "Websites.".into(),
        website: None,
        languages: owned(&["fr", "de", "fr"]),
        regions: owned(&["CH-VD", "CH-VD"]),
        specialities: owned(&[" Shops ", "Shops"]),
        families: Vec::new(),
    };
    let kept = profile.checked(Vec::new()).expect("it is sound");
    assert_eq!(kept.languages, ["fr", "de"]);
    assert_eq!(kept.regions, ["CH-VD"]);
    assert_eq!(kept.specialities, ["Shops"]);
    assert_eq!(kept.text(), "Websites. Shops");
}
