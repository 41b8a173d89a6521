//! Who is calling, and where that person stands towards an organization: what the policy judges.
use super::reads::Sightings;
use super::schema::{
    api_tokens, assignments, memberships, operator_roles, sessions, standings, support_grants,
    users,
};
use super::{Tx, directly};
use crate::domain::access::{Level, PaymentMode, Terms};
use crate::domain::enrolment::EnrolmentState;
use crate::domain::id::{
    ApiTokenId, MemberId, OrganizationId, PartnershipId, SessionId, SupportGrantId, UserId,
};
use crate::domain::locale::Language;
use crate::domain::organization::{OperatorRole, Role};
use crate::domain::partnership::Interval;
use crate::domain::policy::{self, Action, Decision, Found, PartnershipState, Standing};
use crate::domain::refusal::{Code, Refusal};
use crate::error::{Error, Result};
use chrono::NaiveDateTime;
use diesel::prelude::*;

/// What a request shows to say who is calling.
#[derive(Debug, Clone)]
pub enum Credential {
    Session {
        user: UserId,
        session: SessionId,
        /// When the person proved again who it is, if that is why the token was made.
        authenticated_at: Option<NaiveDateTime>,
    },
    /// The hash of an API token.
    Token(Vec<u8>),
    /// A token of the external issuer.
    External {
        user: UserId,
        /// When the person signed in there.
        authenticated_at: Option<NaiveDateTime>,
    },
}

/// Who is calling, as this transaction knows it.
#[derive(Debug, Clone)]
pub struct Identity {
    pub user: UserId,
    pub language: Language,
    pub operator: Option<OperatorRole>,
    pub proof: Proof,
    /// When the person last proved who it is, if the credential says so (ORG-7).
    pub authenticated_at: Option<NaiveDateTime>,
    /// For the audit log: the request's id, and where it came from.
    pub request_id: String,
    pub address: Option<String>,
    /// Where it is noted what the request looks at that is another's.
    pub sightings: Sightings,
}

#[derive(Debug, Clone)]
pub enum Proof {
    Session(SessionId),
    /// With the token's scopes, separated by blanks.
    Token(ApiTokenId, String),
    /// A token of the external issuer: it knows the session, we do not.
    External,
}

impl std::fmt::Display for Proof {
    /// By its id, where it has one here.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Session(session) => session.fmt(f),
            Self::Token(token, _) => token.fmt(f),
            Self::External => f.write_str("external"),
        }
    }
}

/// The person behind the credential, unless the session has ended or the token is dead.
pub fn identify(
    tx: &mut Tx,
    credential: &Credential,
) -> Result<(UserId, Language, Option<OperatorRole>, Proof)> {
    let role = operator_roles::table.on(operator_roles::user_id
        .eq(users::id)
        .and(operator_roles::valid_to.is_null()));
    let role_column = operator_roles::role.nullable();
    let nobody = || Error::from(Refusal::new(Code::Unauthenticated));
    match credential {
        Credential::Session { user, session, .. } => {
            let (language, role) = directly!(tx, |conn| sessions::table
                .inner_join(users::table.on(users::id.eq(sessions::user_id)))
                .left_join(role)
                .filter(sessions::id.eq(session))
                .filter(sessions::user_id.eq(user))
                .filter(sessions::ended_at.is_null())
                .filter(sessions::expires_at.gt(tx.now))
                .select((users::language, role_column))
                .first(conn))
            .optional()?
            .ok_or_else(nobody)?;
            Ok((*user, language, role, Proof::Session(*session)))
        }
        Credential::External { user, .. } => {
            let (language, role) = users::table
                .left_join(role)
                .filter(users::id.eq(user))
                .filter(users::erased_at.is_null())
                .select((users::language, role_column))
                .first(tx.conn)
                .optional()?
                .ok_or_else(nobody)?;
            Ok((*user, language, role, Proof::External))
        }
        Credential::Token(hash) => {
            let (user, language, role, token, scopes) = api_tokens::table
                .inner_join(users::table.on(users::id.eq(api_tokens::user_id)))
                .left_join(role)
                .filter(api_tokens::hash.eq(hash))
                .filter(api_tokens::revoked_at.is_null())
                .filter(api_tokens::expires_at.gt(tx.now))
                .select((
                    users::id,
                    users::language,
                    role_column,
                    api_tokens::id,
                    api_tokens::scopes,
                ))
                .first(tx.conn)
                .optional()?
                .ok_or_else(nobody)?;
            Ok((user, language, role, Proof::Token(token, scopes)))
        }
    }
}

/// One place of a user towards an organization, with the intervals that it rests on.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = standings)]
pub struct Place {
    pub user_id: UserId,
    pub organization_id: OrganizationId,
    pub member_of: OrganizationId,
    pub member_id: MemberId,
    pub role: Role,
    may_order: bool,
    pub member_from: NaiveDateTime,
    member_to: Option<NaiveDateTime>,
    pub partnership_id: Option<PartnershipId>,
    level: Option<Level>,
    payment_mode: Option<PaymentMode>,
    pub terms_from: NaiveDateTime,
    terms_to: Option<NaiveDateTime>,
    enrolment_state: Option<EnrolmentState>,
    enrolment_from: NaiveDateTime,
    enrolment_to: Option<NaiveDateTime>,
    narrowed: bool,
    pub assigned_from: NaiveDateTime,
    assigned_to: Option<NaiveDateTime>,
}

/// Everything that gives this user a place towards the organization at an instant, its own
/// membership first. One query.
pub fn standings_of(
    tx: &mut Tx,
    user: UserId,
    organization: OrganizationId,
    at: NaiveDateTime,
) -> Result<Vec<Standing>> {
    let places: Vec<Place> = directly!(tx, |conn| places(user, at)
        .filter(standings::organization_id.eq(organization))
        .select(Place::as_select())
        .load(conn))?;
    let mut standings: Vec<Standing> = places.iter().map(Place::standing).collect::<Result<_>>()?;
    standings.sort_by_key(|standing| matches!(standing, Standing::Partner { .. }));
    Ok(standings)
}

/// A user's places, towards whichever organization, that every fact upheld at an instant.
#[diesel::dsl::auto_type]
pub fn places(user: UserId, at: NaiveDateTime) -> _ {
    standings::table
        .filter(standings::user_id.eq(user))
        .filter(standings::member_from.le(at))
        .filter(
            standings::member_to
                .is_null()
                .or(standings::member_to.gt(at)),
        )
        .filter(standings::terms_from.le(at))
        .filter(standings::terms_to.is_null().or(standings::terms_to.gt(at)))
        .filter(standings::enrolment_from.le(at))
        .filter(
            standings::enrolment_to
                .is_null()
                .or(standings::enrolment_to.gt(at)),
        )
        .filter(standings::assigned_from.le(at))
        .filter(
            standings::assigned_to
                .is_null()
                .or(standings::assigned_to.gt(at)),
        )
}

impl Place {
    /// Whether every fact it rests on held at an instant.
    pub fn held(&self, at: NaiveDateTime) -> bool {
        let interval = |from, to| Interval { from, to }.holds(at);
        self.assigned(at)
            && interval(self.terms_from, self.terms_to)
            && interval(self.enrolment_from, self.enrolment_to)
    }

    /// Whether the person was there, however the partnership stood.
    pub fn assigned(&self, at: NaiveDateTime) -> bool {
        let interval = |from, to| Interval { from, to }.holds(at);
        interval(self.member_from, self.member_to) && interval(self.assigned_from, self.assigned_to)
    }

    pub fn standing(&self) -> Result<Standing> {
        let Some(partnership) = self.partnership_id else {
            return Ok(Standing::Member {
                member: self.member_id,
                role: self.role,
                may_order: self.may_order,
            });
        };
        let terms = self
            .level
            .and_then(|level| Terms::new(level, self.payment_mode))
            .ok_or_else(|| Error::internal("a partnership's terms cannot be read"))?;
        Ok(Standing::Partner {
            partnership,
            partner: self.member_of,
            member: self.member_id,
            role: self.role,
            may_order: self.may_order,
            narrowed: self.narrowed,
            terms,
            state: PartnershipState::of_open(self.enrolment_state),
        })
    }
}

/// The organization with the caller's standings towards it now.
pub fn organization(
    tx: &mut Tx,
    identity: &Identity,
    organization: OrganizationId,
) -> Result<Found<OrganizationId>> {
    let mut standings = standings_of(tx, identity.user, organization, tx.now)?;
    if identity.operator == Some(OperatorRole::Support) {
        standings.extend(support_grants_of(tx, organization)?);
    }
    standings.extend(identity.operator.map(|role| Standing::Operator { role }));
    if organization != NOBODY {
        identity.sightings.note(identity, organization, &standings);
    }
    Ok(Found {
        what: organization,
        standings,
    })
}

/// Whose everything is that does not exist.
pub const NOBODY: OrganizationId = OrganizationId::from_bytes([0; 16]);

/// A thing with the caller's standings towards its owner. One that is not there is looked up like
/// another's, to the last statement: the time an answer takes tells nobody what exists (ACC-3).
pub fn owned<T>(
    tx: &mut Tx,
    identity: &Identity,
    thing: Option<T>,
    owner: fn(&T) -> OrganizationId,
) -> Result<Found<T>> {
    let whose = thing.as_ref().map_or(NOBODY, owner);
    let standings = organization(tx, identity, whose)?.standings;
    let what = thing.ok_or_else(Refusal::not_found)?;
    Ok(Found { what, standings })
}

/// The right of the operator's staff to do what concerns no one organization; names the rule.
pub fn staff(identity: &Identity, action: Action) -> Result<&'static str> {
    let standings: Vec<Standing> = identity
        .operator
        .map(|role| Standing::Operator { role })
        .into_iter()
        .collect();
    match policy::decide(&standings, action) {
        Decision::Granted(_, rule) => Ok(rule),
        Decision::Refused(_) | Decision::Invisible => {
            Err(Refusal::by(Code::Forbidden, "ACC-1").into())
        }
    }
}

/// What the organization has granted the support staff, and is in force now (SUP-4).
fn support_grants_of(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<Standing>> {
    let grants: Vec<(SupportGrantId, bool)> = support_grants::table
        .filter(support_grants::organization_id.eq(organization))
        .filter(support_grants::valid_from.le(tx.now))
        .filter(support_grants::valid_to.gt(tx.now))
        .select((support_grants::id, support_grants::whole))
        .load(tx.conn)?;
    Ok(grants
        .into_iter()
        .map(|(grant, whole)| Standing::Support { grant, whole })
        .collect())
}

/// A member's organization, membership, role, right to order, and whether an assignment narrows it.
type OnSide = (OrganizationId, MemberId, Role, bool, Option<bool>);

/// Who a user is on either side of a partnership.
pub struct Sides {
    partnership: (PartnershipId, OrganizationId, OrganizationId),
    places: Vec<OnSide>,
}

/// The user's places on either side of a partnership, whether it is to come, open or has ended; none
/// for a stranger, after as many statements as for a partnership of nobody's.
pub fn sides(
    tx: &mut Tx,
    user: UserId,
    (partnership, customer, partner): (PartnershipId, OrganizationId, OrganizationId),
) -> Result<Option<Sides>> {
    let assigned = assignments::table.on(assignments::member_id
        .eq(memberships::id)
        .and(assignments::partnership_id.eq(partnership))
        .and(assignments::valid_to.is_null()));
    let mut places: Vec<OnSide> = directly!(tx, |conn| memberships::table
        .left_join(assigned)
        .filter(memberships::user_id.eq(user))
        .filter(
            memberships::organization_id
                .eq(customer)
                .or(memberships::organization_id.eq(partner)),
        )
        .filter(memberships::valid_to.is_null())
        .select((
            memberships::organization_id,
            memberships::id,
            memberships::role,
            memberships::may_order,
            assignments::narrowed.nullable(),
        ))
        .load(conn))?;
    places.retain(|(of, _, role, _, narrowed)| {
        *of == customer
            || match role {
                Role::LegalRepresentative | Role::Administrator => true,
                Role::Collaborator => narrowed.is_some(),
                Role::External => false,
            }
    });
    Ok((!places.is_empty()).then_some(Sides {
        partnership: (partnership, customer, partner),
        places,
    }))
}

impl Sides {
    /// The standings under these terms, as the partnership stands.
    pub fn standings(self, terms: Terms, state: PartnershipState) -> Vec<Standing> {
        let (partnership, customer, partner) = self.partnership;
        let standing = |(of, member, role, may_order, narrowed)| match of == customer {
            true => Standing::Member {
                member,
                role,
                may_order,
            },
            false => Standing::Partner {
                partnership,
                partner,
                member,
                role,
                may_order,
                narrowed: Option::unwrap_or(narrowed, false),
                terms,
                state,
            },
        };
        self.places.into_iter().map(standing).collect()
    }
}
