//! The life of a tender, and what an extract of it gives away.
use chrono::{DateTime, NaiveDateTime, TimeDelta};
use mandat::domain::locale::Language;
use mandat::domain::tender::{
    EXTRACT, Preferences, TenderAct, TenderFacts, TenderStatus, Topics, extract, without_contact,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn begin() -> NaiveDateTime {
    DateTime::from_timestamp(1_800_000_000, 0)
        .unwrap()
        .naive_utc()
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Do(TenderAct),
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    use TenderAct::*;
    let step = prop_oneof![
        prop::sample::select(vec![Confirm, Award, Close, Cancel]).prop_map(Step::Do),
        (0i64..20).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever is done to a tender in whatever order and time: it opens at most once, never comes
    /// back from an end, and what was cancelled or has expired stays so.
    #[test]
    fn tnd_5_no_order_of_acts_brings_a_tender_back(steps in steps()) {
        let (mut stored, mut now, expires_at) = (TenderStatus::PendingConfirmation, begin(), begin() + TimeDelta::days(30));
        let mut ended: Option<TenderStatus> = None;
        for step in steps {
            match step {
                Step::Wait(days) => now += TimeDelta::days(days),
                Step::Do(act) => {
                    let before = stored.at(expires_at, now);
                    match before.after(act) {
                        Ok(after) => {
                            prop_assert_eq!(after.after(act).ok(), (act != TenderAct::Award).then_some(after), "again");
                            stored = after;
                        }
                        Err(_) => prop_assert!(act != TenderAct::Cancel || before == TenderStatus::Expired),
                    }
                }
            }
            let stands = stored.at(expires_at, now);
            if let Some(end) = ended {
                let cancelled = stands == TenderStatus::Cancelled && end != TenderStatus::Expired;
                prop_assert!(stands == end || cancelled, "{end} became {stands}");
            }
            match stands {
                TenderStatus::PendingConfirmation | TenderStatus::Open => {
                    prop_assert!(now < expires_at);
                }
                TenderStatus::Awarded | TenderStatus::Closed | TenderStatus::Expired | TenderStatus::Cancelled => ended = Some(stands),
            }
        }
    }

    #[test]
    fn tnd_2_an_extract_is_short_and_names_no_address(text in ".{0,200}[a-z]{1,8}@[a-z]{1,8}\\.example.{0,400}") {
        let shown = extract(&text);
        prop_assert!(shown.chars().count() <= EXTRACT);
        prop_assert!(!without_contact(&text).contains('@'));
        prop_assert_eq!(without_contact(&text).chars().count(), text.chars().count());
    }

    #[test]
    fn tnd_2_an_extract_names_no_telephone_number(number in "\\+?[0-9]{2} ?[0-9]{3}[ -]?[0-9]{2}[ .]?[0-9]{2}") {
        let shown = without_contact(&format!("Ring {number} soon, before 2027-01-31."));
        prop_assert!(!shown.contains(&number), "{shown}");
        prop_assert!(shown.contains("2027-01-31"), "{shown}");
    }
}

fn set<T: Ord + Clone>(of: &[T]) -> BTreeSet<T> {
    of.iter().cloned().collect()
}

#[test]
fn tnd_2_preferences_restrict_by_families_regions_and_languages() {
    let tender = Topics {
        families: set(&["mail".to_owned(), "backup".to_owned()]),
        region: "CH-VD".into(),
        languages: set(&[Language::French]),
    };
    let all = Preferences {
        wanted: true,
        ..Preferences::default()
    };
    assert!(all.want(&tender));
    assert!(!Preferences::default().want(&tender));
    let families = |names: &[&str]| Preferences {
        families: names.iter().map(|name| (*name).to_owned()).collect(),
        ..all.clone()
    };
    assert!(families(&["backup", "cloud_server"]).want(&tender));
    assert!(!families(&["cloud_server"]).want(&tender));
    let regions = |names: &[&str]| Preferences {
        regions: names.iter().map(|name| (*name).to_owned()).collect(),
        ..all.clone()
    };
    assert!(regions(&["CH"]).want(&tender) && regions(&["FR", "CH-VD"]).want(&tender));
    assert!(!regions(&["CH-V"]).want(&tender) && !regions(&["CH-GE"]).want(&tender));
    let languages = |of: &[Language]| Preferences {
        languages: set(of),
        ..all.clone()
    };
    assert!(languages(&[Language::German, Language::French]).want(&tender));
    assert!(!languages(&[Language::German]).want(&tender));
}

#[test]
fn tnd_9_the_directory_says_how_many_were_answered_and_how_fast() {
    assert_eq!(
        TenderFacts::of(Vec::new()),
        TenderFacts {
            answered: 0,
            median_hours: None
        }
    );
    assert_eq!(
        TenderFacts::of(vec![30, 2, 5, 4]),
        TenderFacts {
            answered: 4,
            median_hours: Some(4)
        }
    );
}
