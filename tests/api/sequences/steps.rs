//! What can happen in a sequence, and how often. Numbers pick from what is there when the step is taken, so
//! that a step keeps its sense when others are left out.
use super::cast::{ATELIER, BISTRO, PEOPLE, XYLO, YPSILON, ZENIT};
use proptest::option::weighted;
use proptest::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    Customer,
    Partner,
}

/// Who tries.
#[derive(Debug, Clone, Copy)]
pub enum By {
    /// The legal representative whose act it is.
    Right,
    /// The other side's.
    Other,
    Anyone(usize),
}

/// An access as it is asked for or given.
#[derive(Debug, Clone, Copy)]
pub enum Wanted {
    /// Those of the customer's products whose bits are set.
    Limited(u8),
    /// With a product of another organization (INV-4).
    Foreign,
    Full(Mode),
}

/// Which partnerships are to end for it.
#[derive(Debug, Clone, Copy)]
pub enum Replace {
    None,
    /// Those in the way.
    Conflicts,
    /// All that the customer has in force.
    All,
    /// One that is not the customer's, or not in force.
    Unknown,
}

/// One of those that still can change, else of all there are.
#[derive(Debug, Clone, Copy)]
pub struct Pick {
    pub live: bool,
    pub number: usize,
}

/// What a collaborator is assigned.
#[derive(Debug, Clone, Copy)]
pub enum Given {
    Whole,
    Narrowed(u8),
}

#[derive(Debug, Clone, Copy)]
pub enum Decision {
    Suspend,
    Reinstate,
    End,
}

#[derive(Debug, Clone, Copy)]
pub enum Answer {
    Decline,
    Resend,
    Cancel,
}

#[derive(Debug, Clone)]
pub enum Step {
    Invite {
        customer: usize,
        partner: usize,
        by: By,
        wanted: Wanted,
        replace: Replace,
        proven: bool,
        in_minutes: Option<i64>,
    },
    Request {
        partner: usize,
        customer: usize,
        by: By,
        /// None asks for limited access.
        full: Option<Mode>,
    },
    Accept {
        pick: Pick,
        by: By,
        grant: Option<Wanted>,
        replace: Replace,
        proven: bool,
        /// Says what only a customer may, also for a partner.
        odd: bool,
    },
    Answer {
        pick: Pick,
        by: By,
        answer: Answer,
    },
    Change {
        pick: Pick,
        by: By,
        wanted: Wanted,
        replace: Replace,
        proven: bool,
    },
    /// Adds a product to the selection, or takes it out.
    Select {
        pick: Pick,
        by: By,
        product: usize,
        add: bool,
    },
    Pay {
        pick: Pick,
        by: By,
        mode: Mode,
    },
    Assign {
        pick: Pick,
        by: By,
        given: [Option<Given>; 2],
    },
    HandOver {
        pick: Pick,
        by: By,
        partner: usize,
        wanted: Wanted,
        proven: bool,
        in_minutes: Option<i64>,
    },
    CancelStart {
        pick: Pick,
        by: By,
    },
    End {
        pick: Pick,
        by: By,
        proven: bool,
    },
    Operate {
        partner: usize,
        decision: Decision,
    },
    Order {
        customer: usize,
    },
    Wait {
        hours: i64,
    },
}

/// How many of the first steps see to it that there is something to take the others on.
const OPENING: usize = 6;

/// So many steps; those that a failure does not need shrink to nothing.
pub fn steps(count: usize) -> impl Strategy<Value = Vec<Option<Step>>> {
    let opening = prop_oneof![2 => invite(), 1 => request(), 2 => accept()];
    let opening = prop::collection::vec(kept(opening), count.min(OPENING));
    let others = prop::collection::vec(kept(step()), count.saturating_sub(OPENING));
    (opening, others).prop_map(|(opening, others)| [opening, others].concat())
}

fn kept(step: impl Strategy<Value = Step>) -> impl Strategy<Value = Option<Step>> {
    weighted(0.999_999, step)
}

fn step() -> impl Strategy<Value = Step> {
    let change = (pick(), by(), wanted(), replace(), mostly());
    let assign = (pick(), by(), given(), given());
    let hand_over = (pick(), by(), partner(), wanted(), mostly(), start());
    let wait = prop_oneof![4 => Just(1i64), 3 => Just(5), 2 => Just(25), 1 => Just(49)];
    prop_oneof![
        10 => invite(),
        7 => request(),
        18 => accept(),
        7 => (pick(), by(), answer()).prop_map(|(pick, by, answer)| Step::Answer { pick, by, answer }),
        10 => change.prop_map(|(pick, by, wanted, replace, proven)| {
            Step::Change { pick, by, wanted, replace, proven }
        }),
        7 => (pick(), by(), 0..8usize, any::<bool>()).prop_map(|(pick, by, product, add)| {
            Step::Select { pick, by, product, add }
        }),
        5 => (pick(), by(), mode()).prop_map(|(pick, by, mode)| Step::Pay { pick, by, mode }),
        8 => assign.prop_map(|(pick, by, one, other)| Step::Assign { pick, by, given: [one, other] }),
        7 => hand_over.prop_map(|(pick, by, partner, wanted, proven, in_minutes)| {
            Step::HandOver { pick, by, partner, wanted, proven, in_minutes }
        }),
        3 => (pick(), by()).prop_map(|(pick, by)| Step::CancelStart { pick, by }),
        5 => (pick(), by(), mostly()).prop_map(|(pick, by, proven)| Step::End { pick, by, proven }),
        5 => (partner(), decision()).prop_map(|(partner, decision)| {
            Step::Operate { partner, decision }
        }),
        3 => customer().prop_map(|customer| Step::Order { customer }),
        7 => wait.prop_map(|hours| Step::Wait { hours }),
    ]
}

fn invite() -> impl Strategy<Value = Step> {
    let parts = (
        customer(),
        partner(),
        by(),
        wanted(),
        replace(),
        mostly(),
        start(),
    );
    parts.prop_map(
        |(customer, partner, by, wanted, replace, proven, in_minutes)| Step::Invite {
            customer,
            partner,
            by,
            wanted,
            replace,
            proven,
            in_minutes,
        },
    )
}

fn request() -> impl Strategy<Value = Step> {
    (partner(), customer(), by(), weighted(0.5, mode())).prop_map(
        |(partner, customer, by, full)| Step::Request {
            partner,
            customer,
            by,
            full,
        },
    )
}

fn accept() -> impl Strategy<Value = Step> {
    let parts = (
        pick(),
        by(),
        weighted(0.8, wanted()),
        replace(),
        mostly(),
        seldom(),
    );
    parts.prop_map(|(pick, by, grant, replace, proven, odd)| Step::Accept {
        pick,
        by,
        grant,
        replace,
        proven,
        odd,
    })
}

/// Partners are customers too, now and then (INV-9).
fn customer() -> impl Strategy<Value = usize> {
    prop_oneof![12 => Just(ATELIER), 4 => Just(BISTRO), 2 => Just(XYLO), 2 => Just(YPSILON)]
}

fn partner() -> impl Strategy<Value = usize> {
    prop_oneof![8 => Just(XYLO), 6 => Just(YPSILON), 4 => Just(ZENIT), 1 => Just(BISTRO)]
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![
        16 => Just(By::Right),
        1 => Just(By::Other),
        1 => (0..PEOPLE.len()).prop_map(By::Anyone),
    ]
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![Just(Mode::Customer), Just(Mode::Partner)]
}

fn wanted() -> impl Strategy<Value = Wanted> {
    prop_oneof![
        12 => (0..16u8).prop_map(Wanted::Limited),
        8 => mode().prop_map(Wanted::Full),
        1 => Just(Wanted::Foreign),
    ]
}

fn replace() -> impl Strategy<Value = Replace> {
    prop_oneof![
        5 => Just(Replace::None),
        5 => Just(Replace::Conflicts),
        1 => Just(Replace::All),
        1 => Just(Replace::Unknown),
    ]
}

fn pick() -> impl Strategy<Value = Pick> {
    (prop::bool::weighted(0.9), 0..64usize).prop_map(|(live, number)| Pick { live, number })
}

fn given() -> impl Strategy<Value = Option<Given>> {
    let given = prop_oneof![
        2 => Just(Given::Whole),
        3 => (0..16u8).prop_map(Given::Narrowed),
    ];
    weighted(0.7, given)
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        Just(Answer::Decline),
        Just(Answer::Resend),
        Just(Answer::Cancel)
    ]
}

fn decision() -> impl Strategy<Value = Decision> {
    prop_oneof![
        8 => Just(Decision::Suspend),
        8 => Just(Decision::Reinstate),
        1 => Just(Decision::End),
    ]
}

/// At once, or after one of the waits; once in a while in the past. Never on the minute of a wait.
fn start() -> impl Strategy<Value = Option<i64>> {
    weighted(
        0.3,
        prop_oneof![6 => Just(30i64), 6 => Just(150), 2 => Just(1470), 1 => Just(-30)],
    )
}

fn mostly() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.9)
}

fn seldom() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.05)
}
