//! What a step asks for: as the model has it, and as it is sent.
use crate::sequences::Game;
use crate::sequences::cast::{ATELIER, BISTRO};
use crate::sequences::model::{Access, Status};
use crate::sequences::steps::{Mode, Replace, Wanted};
use chrono::{NaiveDateTime, TimeDelta};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// None where it cannot be, and as it is sent.
pub type Asked<T> = (Option<T>, Value);

const MADE_UP: &str = "partnership_01jd8xk3v9e6mbyg4q5r7s8t9v";

impl Game<'_> {
    pub fn start(&self, in_minutes: Option<i64>) -> Option<NaiveDateTime> {
        in_minutes.map(|minutes| self.cast.world.clock.now() + TimeDelta::minutes(minutes))
    }

    pub fn in_force_of(&self, customer: usize) -> BTreeSet<usize> {
        self.model.active(customer).map(|(at, _)| at).collect()
    }

    pub fn wanted(&self, customer: usize, wanted: Wanted) -> Asked<Access> {
        let access = match wanted {
            Wanted::Limited(bits) => {
                let count = self.model.organizations[customer].products.len();
                Access::Limited(chosen(bits, count))
            }
            Wanted::Full(mode) => Access::Full(mode),
            Wanted::Foreign => {
                let other = if customer == BISTRO { ATELIER } else { BISTRO };
                let sent = self.sent(other, &Access::Limited(BTreeSet::from([0])));
                return (None, sent);
            }
        };
        let sent = self.sent(customer, &access);
        (Some(access), sent)
    }

    /// An access as it is written.
    pub fn sent(&self, customer: usize, access: &Access) -> Value {
        let owned = &self.model.organizations[customer].products;
        match access {
            Access::Limited(products) => {
                json!({"level": "limited", "product_ids": ids(owned, products), "payment_mode": null})
            }
            Access::Full(mode) => {
                json!({"level": "full", "product_ids": null, "payment_mode": mode.word()})
            }
        }
    }

    pub fn replaced(
        &self,
        customer: usize,
        replace: Replace,
        access: Option<&Access>,
        but: Option<usize>,
    ) -> (Option<BTreeSet<usize>>, Vec<String>) {
        let mut some = match replace {
            Replace::None => BTreeSet::new(),
            Replace::Conflicts => access.map_or(BTreeSet::new(), |access| {
                self.model.in_the_way(customer, access)
            }),
            Replace::All => self.in_force_of(customer),
            Replace::Unknown => {
                let mut all = self.model.partnerships.iter();
                let strange =
                    all.find(|one| one.customer != customer || one.status != Status::Active);
                let id = strange.map_or(MADE_UP.to_owned(), |one| one.id.clone());
                return (None, vec![id]);
            }
        };
        some.retain(|at| Some(*at) != but);
        let ids = some
            .iter()
            .map(|at| self.model.partnerships[*at].id.clone())
            .collect();
        (Some(some), ids)
    }
}

pub fn chosen(bits: u8, count: usize) -> BTreeSet<usize> {
    (0..count.min(8)).filter(|at| bits >> at & 1 == 1).collect()
}

pub fn ids(owned: &[String], some: &BTreeSet<usize>) -> Vec<String> {
    some.iter().map(|at| owned[*at].clone()).collect()
}

impl Mode {
    pub fn word(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Partner => "partner",
        }
    }
}
