//! Whom an act on a member is about, and by which of the caller's standings it is done.
use super::model::{self, Membership, Offer};
use crate::db::Tx;
use crate::db::record::Event;
use crate::db::witness::Identity;
use crate::domain::event::EventType;
use crate::domain::id::{MemberId, OrganizationId, PartnershipId};
use crate::domain::membership::{Place, may_turn};
use crate::domain::organization::Role;
use crate::domain::policy::{self, Action, Ruling, Standing};
use crate::domain::reach::Reach;
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::resources::organizations::reach;

/// Whom an act is about.
pub enum Subject {
    Active(Membership),
    Invited(Offer),
}

impl Subject {
    pub fn find(tx: &mut Tx, org: OrganizationId, id: MemberId) -> Result<Self> {
        if let Some(member) = model::find(tx, org, id)? {
            return Ok(Self::Active(member));
        }
        let offer = model::offer(tx, org, id)?.ok_or_else(Refusal::not_found)?;
        Ok(Self::Invited(offer))
    }

    pub fn place(&self) -> Place {
        match self {
            Self::Active(member) => member.place(),
            Self::Invited(offer) => offer.place(),
        }
    }

    pub fn version(&self) -> i32 {
        match self {
            Self::Active(member) => member.version,
            Self::Invited(offer) => offer.version,
        }
    }

    pub fn added_by(&self) -> Option<PartnershipId> {
        match self {
            Self::Active(member) => member.added_by,
            Self::Invited(offer) => offer.added_by,
        }
    }

    pub fn is(&self, identity: &Identity) -> bool {
        match self {
            Self::Active(member) => member.user_id == identity.user,
            Self::Invited(_) => false,
        }
    }
}

/// By which standing the caller may do it, and what it reaches so.
pub struct Giver {
    pub standing: Standing,
    pub rule: &'static str,
    pub reach: Reach,
}

impl Giver {
    /// The caller's first standing whose ceiling is high enough for this change (ACC-5).
    pub fn of(
        tx: &mut Tx,
        standings: &[Standing],
        before: Option<Place>,
        after: Option<Place>,
    ) -> Result<Self> {
        let mut refused = None;
        for standing in standings {
            let Ruling::Granted(rule) = policy::judge(standing, Action::ManageMembers) else {
                continue;
            };
            match may_turn(standing, before, after) {
                Ok(()) => {
                    let alone = std::slice::from_ref(standing);
                    return Ok(Self {
                        standing: standing.clone(),
                        rule,
                        reach: reach::of(tx, alone, Action::ReadProducts, tx.now)?,
                    });
                }
                Err(rule) => refused = refused.or(Some(rule)),
            }
        }
        Err(Refusal::by(Code::Forbidden, refused.unwrap_or("ACC-1")).into())
    }

    /// Whether the organization itself is bound by it.
    pub fn represents(&self) -> bool {
        matches!(
            self.standing,
            Standing::Member {
                role: Role::LegalRepresentative,
                ..
            }
        )
    }

    /// Whether a partner would change the place of its own people in the customer's organization
    /// (ACC-5).
    pub fn raises_its_own(&self, tx: &mut Tx, subject: &Subject) -> Result<bool> {
        match (&self.standing, subject) {
            (Standing::Partner { partner, .. }, Subject::Active(member)) => {
                model::belongs(tx, member.user_id, *partner)
            }
            (Standing::Partner { partner, .. }, Subject::Invited(offer)) => {
                Ok(model::by_address(tx, *partner, &offer.email)?.is_some())
            }
            (Standing::Member { .. } | Standing::Operator { .. } | Standing::Support { .. }, _) => {
                Ok(false)
            }
        }
    }

    /// With which partnership whoever is added leaves: the one it is added through, or the one that
    /// its giver came through itself.
    pub fn lends_through(&self, tx: &mut Tx, org: OrganizationId) -> Result<Option<PartnershipId>> {
        match &self.standing {
            Standing::Partner { partnership, .. } => Ok(Some(*partnership)),
            Standing::Member { member, .. } => {
                Ok(model::find(tx, org, *member)?.and_then(|giver| giver.added_by))
            }
            Standing::Operator { .. } | Standing::Support { .. } => Ok(None),
        }
    }

    pub fn event(&self, kind: EventType, member: MemberId, org: OrganizationId) -> Event {
        Event::new(kind, member).through(org, &self.standing, self.rule)
    }
}
