//! Whatever is done to an enrolment in whatever order: it stands as the rules say (PRG-2, PRG-4).
use crate::programme::{application, approve, of_partner};
use crate::world::{World, on_each_engine};
use actix_web::test::TestRequest;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;

/// How many walks, and of how many acts.
const WALKS: usize = 3;
const ACTS: usize = 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Submit,
    Inquire,
    Answer,
    Approve,
    Reject,
    Suspend,
    Reinstate,
    End,
    Leave,
    Affiliate,
    Unaffiliate,
}

const ALL: [Act; 11] = [
    Act::Submit,
    Act::Inquire,
    Act::Answer,
    Act::Approve,
    Act::Reject,
    Act::Suspend,
    Act::Reinstate,
    Act::End,
    Act::Leave,
    Act::Affiliate,
    Act::Unaffiliate,
];

/// What the rules say of an organization: how its newest enrolment stands, and whether it is an
/// affiliate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Expected {
    status: Option<&'static str>,
    affiliate: bool,
}

impl Expected {
    /// The answer's status, having done what it allows.
    fn after(&mut self, act: Act) -> u16 {
        let in_force = ["submitted", "inquiring", "approved", "suspended"]
            .iter()
            .any(|state| self.status == Some(state));
        let (answer, status) = match (act, self.status) {
            (Act::Submit, _) if in_force || self.affiliate => (409, None),
            (Act::Submit, _) => (201, Some("submitted")),
            (Act::Affiliate, _) if in_force || self.affiliate => (409, None),
            (Act::Affiliate | Act::Unaffiliate, _) => {
                let allowed = self.affiliate == (act == Act::Unaffiliate);
                self.affiliate = act == Act::Affiliate;
                (
                    if act == Act::Affiliate {
                        201
                    } else if allowed {
                        204
                    } else {
                        404
                    },
                    None,
                )
            }
            (_, None) => (404, None),
            (Act::Inquire, Some("submitted")) => (200, Some("inquiring")),
            (Act::Answer, Some("inquiring")) => (200, Some("submitted")),
            (Act::Approve, Some("submitted" | "inquiring")) => (200, Some("approved")),
            (Act::Reject, Some("submitted" | "inquiring")) => (200, Some("rejected")),
            (Act::Suspend, Some("approved")) => (200, Some("suspended")),
            (Act::Reinstate, Some("suspended")) => (200, Some("approved")),
            (Act::End, Some("approved" | "suspended")) => (200, Some("ended")),
            (Act::End, Some("ended")) => (200, None),
            (Act::Leave, Some("rejected" | "ended")) => (404, None),
            (Act::Leave, Some(_)) => (204, Some("ended")),
            (_, Some(_)) => (409, None),
        };
        self.status = status.or(self.status);
        answer
    }
}

#[test]
fn prg_2_any_walk_through_the_states_is_one_that_the_rules_allow() {
    on_each_engine(async |world| {
        let mut runner = TestRunner::deterministic();
        let walk = prop::collection::vec(prop::sample::select(&ALL[..]), ACTS);
        let mut expected = Expected::default();
        for _ in 0..WALKS {
            let acts = walk.new_tree(&mut runner).expect("a walk").current();
            for (step, act) in acts.iter().enumerate() {
                let before = expected;
                let answer = expected.after(*act);
                let (status, text) = perform(world, *act).await;
                assert_eq!(
                    status, answer,
                    "{act:?} from {before:?} (step {step}): {text}"
                );
                assert_eq!(seen(world).await, expected, "after {act:?} from {before:?}");
            }
        }
    });
}

async fn path(world: &World, what: &str) -> String {
    let org = world.organization("Bäckerei Sommer").await;
    format!("/v1/organizations/{org}/{what}")
}

async fn perform(world: &World, act: Act) -> (u16, String) {
    let (partner, affiliate) = (
        path(world, "partner-enrolment").await,
        path(world, "affiliate-enrolment").await,
    );
    let own = world.get("anna", &partner).await;
    // What was never sent has no id: any will do.
    let id = match own.status {
        200 => own.id(),
        _ => "enrolment_01jd8xk3v9e6mbyg4q5r7s8t9v".to_owned(),
    };
    let decide = async |act: &str| {
        let path = format!("/v1/admin/enrolments/{id}/{act}");
        world
            .post("nora", &path, json!({"reason": "So be it."}))
            .await
    };
    let answer = match act {
        Act::Submit => world.post("anna", &partner, application()).await,
        Act::Inquire => decide("inquire").await,
        Act::Answer => {
            world
                .patch("anna", &partner, json!({"answer": "Yes."}))
                .await
        }
        Act::Approve => approve(world, &id).await,
        Act::Reject => decide("reject").await,
        Act::Suspend => of_partner(world, "Bäckerei Sommer", "suspend").await,
        Act::Reinstate => of_partner(world, "Bäckerei Sommer", "reinstate").await,
        // Ending twice changes nothing, and so records nothing.
        Act::End => {
            let org = world.organization("Bäckerei Sommer").await;
            let path = format!("/v1/admin/partners/{org}/end");
            let end = TestRequest::post()
                .uri(&path)
                .set_json(json!({"reason": "So be it."}));
            world.ask("nora", end).await
        }
        Act::Leave => world.delete("anna", &partner).await,
        Act::Affiliate => world.post("anna", &affiliate, json!({})).await,
        Act::Unaffiliate => world.delete("anna", &affiliate).await,
    };
    (answer.status, answer.text)
}

/// How it stands, as its legal representative reads it.
async fn seen(world: &World) -> Expected {
    let enrolment = world
        .get("anna", &path(world, "partner-enrolment").await)
        .await;
    let affiliate = world
        .get("anna", &path(world, "affiliate-enrolment").await)
        .await;
    let states = [
        "submitted",
        "inquiring",
        "approved",
        "rejected",
        "suspended",
        "ended",
    ];
    let status = enrolment.body["status"].as_str().map(str::to_owned);
    Expected {
        status: states
            .into_iter()
            .find(|state| enrolment.status == 200 && status.as_deref() == Some(state)),
        affiliate: affiliate.status == 200 && affiliate.body["ended_at"].is_null(),
    }
}
