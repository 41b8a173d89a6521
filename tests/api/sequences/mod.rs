//! Partnerships and access beside a plain model: random sequences of acts, right and wrong ones, through HTTP
//! (ORG-2 to ORG-5, INV-1 to INV-10, PSH-1 to PSH-10, PSH-12, ACC-1 to ACC-7, PRG-5, PRG-7).
//!
//! Five organizations (three of them partners, who are customers too now and then), their eleven people and the
//! operator play a sequence. The model says beforehand whether an act is refused and by what, and makes of it what the
//! rules' text makes of it. After each step these are compared with it:
//!
//! - the lists of partnerships and of invitations of the customer and the partner concerned, as their legal
//!   representatives read them, and one of the two lists of some organization as somebody reads it, in turn;
//! - the customer's products as somebody of the partner's reads them;
//! - an invitation, and a partnership with its scopes or its assignments, as somebody reads them, in turn;
//! - a partnership and its scopes as a legal representative of one of its sides reads them;
//! - 24 access checks of somebody of the partner's and 24 of somebody in turn, of all actions, organizations and
//!   products;
//! - the customer's rows of all instants;
//! - an earlier step in turn, asked again as of its instant: a list, a partnership, its scopes and the access checks.
//!
//! After the last step everybody reads what is theirs, and every partnership and invitation is read once more.
//!
//! `SEQUENCES=2000 SEQUENCE_STEPS=30` plays so many, the seed of the first is `SEQUENCE_SEED` (0). What fails is
//! shrunk, and printed with its seed.
mod acts;
mod cast;
mod intervals;
mod model;
mod past;
mod reach;
mod rules;
mod steps;
mod time;
mod views;

use self::acts::Touched;
use self::cast::{ATELIER, BISTRO, Cast, PARTIES, PEOPLE, STAFF, XYLO, YPSILON, leader};
use self::model::Model;
use self::past::Seen;
use self::steps::Step;
use crate::world::{World, on_each_engine_with};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngSeed, TestRunner};
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

type Outcome<T> = Result<T, TestCaseError>;

/// Short, so that expiry is within reach of a few waits.
const INVITATION_DAYS: i64 = 2;
/// So many sequences share a world.
const TOGETHER: u64 = 50;
/// So often a failing sequence is tried with less.
const TRIES: usize = 200;

/// What was done, in numbers.
#[derive(Debug, Clone, Default)]
struct Figures {
    steps: usize,
    requests: usize,
    /// Steps by kind, each done or refused by a code.
    told: BTreeMap<String, usize>,
}

impl Figures {
    fn count(&mut self, step: &Step, how: &str) {
        let step = format!("{step:?}");
        let kind = step.split([' ', '{']).next().unwrap_or_default();
        *self.told.entry(format!("{kind} {how}")).or_default() += 1;
    }

    fn add(&mut self, other: Self) {
        self.steps += other.steps;
        self.requests += other.requests;
        for (kind, count) in other.told {
            *self.told.entry(kind).or_default() += count;
        }
    }
}

struct Game<'w> {
    cast: Cast<'w>,
    model: Model,
    past: Vec<Seen>,
    figures: Figures,
    /// What became of this step.
    how: String,
    last: Touched,
}

impl Game<'_> {
    async fn play(world: &World, steps: &[Option<Step>]) -> Outcome<Figures> {
        let cast = Cast::enter(world).await?;
        let model = Model::new(&cast.products);
        let mut game = Game {
            cast,
            model,
            past: Vec::new(),
            figures: Figures::default(),
            how: String::new(),
            last: (ATELIER, XYLO),
        };
        for step in steps.iter().flatten() {
            game.step(step).await?;
        }
        game.everything_agrees().await?;
        Ok(Figures {
            requests: game.cast.requests.get(),
            ..game.figures
        })
    }

    async fn step(&mut self, step: &Step) -> Outcome<()> {
        self.figures.steps += 1;
        self.how = "nothing to take it on".into();
        let touched = self.take(step).await?;
        self.figures.count(step, &self.how);
        self.last = touched.unwrap_or(self.last);
        let at = self.cast.world.clock.now();
        let (customer, partner) = self.last;
        let mut read = Vec::new();
        for of in [customer, partner] {
            read.extend(self.partnerships_agree(leader(of), of).await?);
            self.invitations_agree(leader(of), of).await?;
        }
        let turn = self.figures.steps;
        let (who, of) = (turn % PEOPLE.len(), turn / PEOPLE.len() % PARTIES.len());
        match turn % 2 {
            0 => drop(self.partnerships_agree(who, of).await?),
            _ => self.invitations_agree(who, of).await?,
        }
        let theirs = self.somebody_of(partner, turn);
        self.products_agree(theirs, customer).await?;
        if let count @ 1.. = self.model.invitations.len() {
            self.invitation_agrees(who, turn % count).await?;
        }
        if let count @ 1.. = self.model.partnerships.len() {
            match turn % 2 {
                0 => self.assignments_agree(who, turn % count).await?,
                _ => drop(self.partnership_agrees(who, turn % count).await?),
            }
            let one = &self.model.partnerships[turn * 3 % count];
            let side = [one.customer, one.partner][turn % 2];
            read.extend(
                self.partnership_agrees(leader(side), turn * 3 % count)
                    .await?,
            );
        }
        let mut checks = Vec::new();
        for who in [theirs, turn * 5 % (STAFF + 1)] {
            checks.push((who, self.checks_agree(who).await?));
        }
        self.intervals_are_right(customer).await?;
        self.past_agrees().await?;
        self.past.push(Seen { at, read, checks });
        Ok(())
    }

    fn somebody_of(&self, partner: usize, turn: usize) -> usize {
        let people: Vec<usize> = (0..PEOPLE.len())
            .filter(|who| PEOPLE[*who].of == partner)
            .collect();
        people[turn % people.len()]
    }

    async fn everything_agrees(&mut self) -> Outcome<()> {
        for (who, person) in PEOPLE.iter().enumerate() {
            self.partnerships_agree(who, person.of).await?;
            self.invitations_agree(who, person.of).await?;
            for of in [ATELIER, BISTRO, XYLO, YPSILON] {
                self.products_agree(who, of).await?;
            }
        }
        for who in 0..=STAFF {
            self.checks_agree(who).await?;
        }
        for at in 0..self.model.partnerships.len() {
            let one = &self.model.partnerships[at];
            for who in [leader(one.customer), leader(one.partner)] {
                self.partnership_agrees(who, at).await?;
                self.assignments_agree(who, at).await?;
            }
            self.history_agrees(at).await?;
        }
        for at in 0..self.model.invitations.len() {
            self.invitation_agrees(at % PEOPLE.len(), at).await?;
        }
        for customer in 0..PARTIES.len() {
            self.intervals_are_right(customer).await?;
        }
        Ok(())
    }
}

/// Plays the sequence of a seed; the shortest that fails, and how, if one does.
async fn prove(world: &World, seed: u64, length: usize) -> Result<Figures, String> {
    let config = ProptestConfig {
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new(config);
    let mut tree = steps::steps(length)
        .new_tree(&mut runner)
        .map_err(|reason| reason.to_string())?;
    let mut failed = match Game::play(world, &tree.current()).await {
        Ok(figures) => return Ok(figures),
        Err(failure) => (tree.current(), failure),
    };
    say(&format!("seed {seed}, to be shrunk: {}", failed.1));
    let mut more = tree.simplify();
    for _ in 0..TRIES {
        if !more {
            break;
        }
        more = match Game::play(world, &tree.current()).await {
            Ok(_) => tree.complicate(),
            Err(failure) => {
                failed = (tree.current(), failure);
                tree.simplify()
            }
        };
    }
    let steps: Vec<String> = failed
        .0
        .iter()
        .flatten()
        .map(|step| format!("  {step:?}"))
        .collect();
    Err(format!(
        "SEQUENCE_SEED={seed} SEQUENCE_STEPS={length}\n{}\n{}",
        steps.join("\n"),
        failed.1
    ))
}

fn set(name: &str, or: u64) -> u64 {
    let set = std::env::var(name);
    set.map_or(or, |number| number.parse().expect("a number"))
}

fn say(line: &str) {
    let line = format!("\n{line}\n");
    std::io::stderr()
        .write_all(line.as_bytes())
        .expect("stderr is open");
}

#[test]
fn psh_1_psh_8_acc_6_whatever_happens_everyone_reads_what_a_plain_model_says() {
    let (count, first) = (set("SEQUENCES", 8), set("SEQUENCE_SEED", 0));
    let length = usize::try_from(set("SEQUENCE_STEPS", 30)).expect("a number of steps");
    let settings = [("MANDAT_INVITATION_DAYS", INVITATION_DAYS.to_string())];
    for from in (first..first + count).step_by(TOGETHER as usize) {
        on_each_engine_with(&settings, async |world| {
            let (began, mut sum) = (Instant::now(), Figures::default());
            let seeds = from..(from + TOGETHER).min(first + count);
            for seed in seeds.clone() {
                let figures = match prove(world, seed, length).await {
                    Ok(figures) => figures,
                    Err(failure) => panic!("{failure}"),
                };
                sum.add(figures);
            }
            say(&format!(
                "sequences on {}, seeds {seeds:?}: {sum:?}, {:.1} s",
                world.engine(),
                began.elapsed().as_secs_f64()
            ));
        });
    }
}
