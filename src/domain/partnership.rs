//! When a partnership may start beside others (PSH-1 to PSH-3).
use super::access::{Access, Terms};
use super::id::{PartnershipId, ProductId};
use super::words::words;
use chrono::{NaiveDateTime, TimeDelta};
use std::collections::BTreeSet;

words! {
    /// What became of a partner's proposal of another payment mode (PSH-6).
    PaymentModeProposalStatus {
        Pending = "pending",
        Accepted = "accepted",
        Declined = "declined",
        /// The terms that it was about have changed, or the partnership has ended.
        Superseded = "superseded",
    }
}

/// An open partnership of a customer, as far as conflicts go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    pub id: PartnershipId,
    pub access: Access,
}

/// The open partnerships that this access cannot stand beside.
pub fn conflicts(open: &[Open], wanted: &Access) -> BTreeSet<PartnershipId> {
    open.iter()
        .filter(|one| match (&one.access, wanted) {
            (Access::Full { .. }, Access::Full { .. } | Access::Limited { .. }) => true,
            (Access::Limited { .. }, Access::Full { .. }) => true,
            (Access::Limited { products: managed }, Access::Limited { products }) => {
                !managed.is_disjoint(products)
            }
        })
        .map(|one| one.id)
        .collect()
}

/// The first instant after another, as exact as the databases keep it: no interval is empty.
pub fn right_after(at: NaiveDateTime) -> NaiveDateTime {
    at + TimeDelta::microseconds(1)
}

/// An interval of validity: from its start up to, not including, its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub from: NaiveDateTime,
    pub to: Option<NaiveDateTime>,
}

impl Interval {
    pub fn holds(&self, at: NaiveDateTime) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }

    /// While both hold; none where they never do.
    pub fn meet(self, other: Self) -> Option<Self> {
        let from = self.from.max(other.from);
        let to = self.to.into_iter().chain(other.to).min();
        to.is_none_or(|to| from < to).then_some(Self { from, to })
    }
}

/// Every state that a partnership ever had (PSH-8).
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    pub terms: Vec<(Terms, Interval)>,
    pub selections: Vec<(ProductId, Interval)>,
}

/// What held during one interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub access: Access,
    pub interval: Interval,
}

impl Timeline {
    /// What held at an instant; none before the start and after the end.
    pub fn at(&self, at: NaiveDateTime) -> Option<Version> {
        let starts = self.starts();
        let (terms, interval) = self.terms.iter().find(|(_, interval)| interval.holds(at))?;
        let next = starts.iter().copied().find(|start| *start > at);
        let products = self
            .selections
            .iter()
            .filter(|(_, interval)| interval.holds(at));
        Some(Version {
            access: match *terms {
                Terms::Limited => Access::Limited {
                    products: products.map(|(product, _)| *product).collect(),
                },
                Terms::Full { payment_mode } => Access::Full { payment_mode },
            },
            interval: Interval {
                from: starts
                    .iter()
                    .copied()
                    .filter(|start| *start <= at)
                    .max()
                    .unwrap_or(interval.from),
                to: next.or(interval.to),
            },
        })
    }

    /// Every version, the newest first.
    pub fn versions(&self) -> Vec<Version> {
        self.starts()
            .into_iter()
            .rev()
            .filter_map(|start| self.at(start))
            .collect()
    }

    /// What held first, or is to.
    pub fn first(&self) -> Option<Version> {
        self.versions().into_iter().next_back()
    }

    /// What holds, or held last.
    pub fn last(&self) -> Option<Version> {
        self.versions().into_iter().next()
    }

    /// When something last began or stopped.
    pub fn latest(&self) -> Option<NaiveDateTime> {
        self.starts().into_iter().next_back()
    }

    /// Every instant at which something began or stopped.
    fn starts(&self) -> BTreeSet<NaiveDateTime> {
        let terms = self.terms.iter().map(|(_, interval)| interval);
        let selections = self.selections.iter().map(|(_, interval)| interval);
        terms
            .chain(selections)
            .flat_map(|interval| [Some(interval.from), interval.to])
            .flatten()
            .collect()
    }
}
