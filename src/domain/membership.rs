//! What one may make of somebody's place in an organization (ORG-1, ORG-2, ACC-5).
use super::access::{PaymentMode, Terms};
use super::organization::Role;
use super::policy::Standing;

/// A person's place in an organization, apart from its products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub role: Role,
    /// Of a collaborator only: the higher roles may always order, externals never (ORG-8).
    pub may_order: bool,
}

impl Role {
    /// Whether this role reaches chosen products only (ORG-4, ORG-5).
    pub const fn is_narrow(self) -> bool {
        match self {
            Self::LegalRepresentative | Self::Administrator => false,
            Self::Collaborator | Self::External => true,
        }
    }
}

impl Place {
    /// Whether it can spend the organization's money (ORG-8).
    const fn spends(self) -> bool {
        match self.role {
            Role::LegalRepresentative | Role::Administrator => true,
            Role::Collaborator => self.may_order,
            Role::External => false,
        }
    }

    fn is(place: Option<Self>, role: Role) -> bool {
        place.is_some_and(|place| place.role == role)
    }
}

/// Whether whoever stands so may turn one place into another; none before who comes, none after who
/// goes. The policy has let it manage members already; the rule that stands in the way.
pub fn may_turn(
    by: &Standing,
    before: Option<Place>,
    after: Option<Place>,
) -> Result<(), &'static str> {
    match by {
        Standing::Member { role, .. } => {
            let binds = Place::is(before, Role::LegalRepresentative)
                != Place::is(after, Role::LegalRepresentative);
            match role {
                Role::LegalRepresentative => Ok(()),
                Role::Administrator if !binds => Ok(()),
                Role::Administrator => Err("ORG-2"),
                Role::Collaborator => Err("ORG-4"),
                Role::External => Err("ORG-5"),
            }
        }
        Standing::Partner { terms, .. } => partner_may_turn(*terms, before, after),
        Standing::Operator { .. } => Err("ACC-1"),
        Standing::Support { .. } => Err("SUP-4"),
    }
}

/// The same for a partner under these terms: it neither makes nor unmakes those who stand above its
/// own ceiling, and lets nobody spend money that it could not spend itself (ACC-5). Administrators
/// order without being marked (ORG-8), so under payment mode `partner` it makes none.
pub fn partner_may_turn(
    terms: Terms,
    before: Option<Place>,
    after: Option<Place>,
) -> Result<(), &'static str> {
    let touches = |role| Place::is(before, role) || Place::is(after, role);
    let lends = after != before && after.is_some_and(Place::spends);
    let fits = match terms {
        Terms::Limited => !touches(Role::Administrator) && !lends,
        Terms::Full {
            payment_mode: PaymentMode::Customer,
        } => true,
        Terms::Full {
            payment_mode: PaymentMode::Partner,
        } => !lends,
    };
    match fits && !touches(Role::LegalRepresentative) {
        true => Ok(()),
        false => Err("ACC-5"),
    }
}
