//! Who may do what. [`need`] is the whole table; everything that judges or explains reads it.
//!
//! A right comes from membership in the organization concerned, from a partnership, or from an
//! operator role, and from nothing else (ACC-1).
use super::access::{PaymentMode, Terms};
use super::enrolment::EnrolmentState;
use super::id::{MemberId, OrganizationId, PartnershipId, SupportGrantId};
use super::organization::{OperatorRole, Role};
use super::refusal::{Code, Refusal};
use super::scopes::{Extent, ScopeName, granted};
use super::words::words;

words! {
    /// What one can want to do to an organization and what belongs to it.
    Action {
        ReadOrganization = "read_organization",
        EditOrganization = "edit_organization",
        ReadMembers = "read_members",
        ManageMembers = "manage_members",
        ReadProducts = "read_products",
        ManageProducts = "manage_products",
        Order = "order",
        ReadOrders = "read_orders",
        ReadPaymentMethods = "read_payment_methods",
        ManagePaymentMethods = "manage_payment_methods",
        ReadBillingEvents = "read_billing_events",
        ReadInvoices = "read_invoices",
        ReadPrepaidAccounts = "read_prepaid_accounts",
        Simulate = "simulate",
        ReportBillingEvents = "report_billing_events",
        ManageCatalogue = "manage_catalogue",
        ReadInvitations = "read_invitations",
        SendInvitation = "send_invitation",
        AnswerInvitation = "answer_invitation",
        ReadTenders = "read_tenders",
        ManageTenders = "manage_tenders",
        AnswerTenders = "answer_tenders",
        EditTenderPreferences = "edit_tender_preferences",
        ReadSupportContract = "read_support_contract",
        AgreeSupportContract = "agree_support_contract",
        ManageSupportAccess = "manage_support_access",
        GiveSupport = "give_support",
        SetInvitationPreferences = "set_invitation_preferences",
        ReadCustomers = "read_customers",
        Enrol = "enrol",
        ReadEnrolment = "read_enrolment",
        AnswerInquiry = "answer_inquiry",
        LeaveProgramme = "leave_programme",
        DecideEnrolment = "decide_enrolment",
        ManagePartnerProfile = "manage_partner_profile",
        ReadPartnership = "read_partnership",
        ChangeAccess = "change_access",
        ChangePaymentMode = "change_payment_mode",
        ReadPaymentModeProposals = "read_payment_mode_proposals",
        ProposePaymentMode = "propose_payment_mode",
        AnswerPaymentModeProposal = "answer_payment_mode_proposal",
        EndPartnership = "end_partnership",
        SettleInvoices = "settle_invoices",
        RequestPayout = "request_payout",
        SettlePayouts = "settle_payouts",
        ReadSharedStatement = "read_shared_statement",
        ReadRebilling = "read_rebilling",
        SetRebillingTerms = "set_rebilling_terms",
        AssignCollaborators = "assign_collaborators",
        ReadEvents = "read_events",
        ReadAuditLog = "read_audit_log",
        ManageWebhooks = "manage_webhooks",
        ReadExitReport = "read_exit_report",
        CancelStart = "cancel_start",
        HandOver = "hand_over",
        ReadRightSizing = "read_right_sizing",
        ManageUsers = "manage_users",
        ManageOrganizations = "manage_organizations",
    }
}

words! {
    /// How a partnership stands at an instant.
    PartnershipState {
        Active = "active",
        Suspended = "suspended",
        Ended = "ended",
        /// Agreed, to begin later (PSH-12).
        Scheduled = "scheduled",
    }
}

impl PartnershipState {
    /// While a partnership is open it stands as its partner does in the programme (PRG-5).
    pub fn of_open(partner: Option<EnrolmentState>) -> Self {
        match partner {
            Some(EnrolmentState::Approved) => Self::Active,
            _ => Self::Suspended,
        }
    }
}

/// The caller's place towards the organization concerned: the witness that the policy judges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    Member {
        member: MemberId,
        role: Role,
        may_order: bool,
    },
    /// A member of the customer's partner.
    Partner {
        partnership: PartnershipId,
        partner: OrganizationId,
        member: MemberId,
        role: Role,
        may_order: bool,
        /// Only some of the products are assigned to this collaborator (ORG-4).
        narrowed: bool,
        terms: Terms,
        state: PartnershipState,
    },
    Operator {
        role: OperatorRole,
    },
    /// The operator's support staff, by a grant of the organization that is in force (SUP-4).
    Support {
        grant: SupportGrantId,
        /// For all products and not only some.
        whole: bool,
    },
}

impl Standing {
    /// Whose payment methods pay for what somebody who stands so orders for this customer (PAY-1, PAY-2).
    pub fn payer(&self, customer: OrganizationId) -> OrganizationId {
        match self {
            Self::Partner {
                partner,
                terms:
                    Terms::Full {
                        payment_mode: PaymentMode::Partner,
                    },
                ..
            } => *partner,
            Self::Partner { .. }
            | Self::Member { .. }
            | Self::Operator { .. }
            | Self::Support { .. } => customer,
        }
    }
}

/// What a role must be to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// It is not this side's matter.
    Nobody,
    Anyone,
    Insider,
    MayOrder,
    Administrator,
    LegalRepresentative,
}

/// What a partnership must give to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Through {
    /// Nothing gives it, by this rule.
    Nothing(&'static str),
    /// The partnership itself, also once it has ended.
    History,
    /// A partnership that has not ended, even while the partner is suspended.
    Bond,
    /// An active partnership.
    Access,
    /// A scope that an active partnership gives.
    Scope(ScopeName),
}

/// What a grant must be to let the support staff do something: it lets them look, and change nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Help {
    /// No grant gives it.
    Never,
    /// One for all products.
    Whole,
    /// Any, as far as its products reach.
    Any,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    pub member: Rank,
    pub partner: (Rank, Through),
    pub operator: &'static [OperatorRole],
    pub support: Help,
    /// What one must be allowed to see before a refusal may be told (else it does not exist).
    pub seen_by: Action,
}

/// The table: for each action, what a member, a partner's member and the operator's staff need.
pub const fn need(action: Action) -> Need {
    use {Action::*, OperatorRole::*, Rank::*, ScopeName as S, Through::*};
    let (member, partner, operator, seen_by): (
        Rank,
        (Rank, Through),
        &'static [OperatorRole],
        Action,
    ) = match action {
        ReadOrganization => (
            Anyone,
            (Insider, Access),
            &[Admin, Billing],
            ReadOrganization,
        ),
        EditOrganization => (
            LegalRepresentative,
            (Insider, Nothing("ACC-2")),
            &[],
            ReadOrganization,
        ),
        ReadMembers => (
            Insider,
            (Insider, Scope(S::UserManagement)),
            &[Admin],
            ReadOrganization,
        ),
        ManageMembers => (
            Administrator,
            (Administrator, Scope(S::UserManagement)),
            &[],
            ReadOrganization,
        ),
        ReadProducts => (
            Anyone,
            (Insider, Scope(S::ProductManagement)),
            &[],
            ReadOrganization,
        ),
        ManageProducts => (
            Administrator,
            (Insider, Scope(S::ProductManagement)),
            &[],
            ReadProducts,
        ),
        Order => (
            MayOrder,
            (MayOrder, Scope(S::OrdersAndRenewals)),
            &[],
            ReadOrganization,
        ),
        ReadOrders => (
            MayOrder,
            (MayOrder, Scope(S::OrdersAndRenewals)),
            &[Billing],
            ReadOrganization,
        ),
        ReadPaymentMethods => (
            MayOrder,
            (MayOrder, Scope(S::PaymentMethods)),
            &[],
            ReadOrganization,
        ),
        ManagePaymentMethods => (
            LegalRepresentative,
            (LegalRepresentative, Nothing("PAY-7")),
            &[],
            ReadOrganization,
        ),
        ReadBillingEvents => (
            Administrator,
            (Administrator, Access),
            &[Billing],
            ReadOrganization,
        ),
        ReadInvoices => (
            Administrator,
            (Administrator, Nothing("PAY-5")),
            &[Billing],
            ReadOrganization,
        ),
        ReadPrepaidAccounts => (
            Administrator,
            (Administrator, Nothing("ACC-1")),
            &[Billing],
            ReadOrganization,
        ),
        Simulate => (MayOrder, (MayOrder, Access), &[], ReadOrganization),
        ReportBillingEvents => (
            Nobody,
            (Nobody, Nothing("ACC-1")),
            &[Admin, Billing],
            ReadOrganization,
        ),
        ManageCatalogue => (
            Nobody,
            (Nobody, Nothing("ACC-1")),
            &[Admin, Billing],
            ReadOrganization,
        ),
        ReadInvitations => (
            Administrator,
            (Administrator, Nothing("ACC-2")),
            &[],
            ReadOrganization,
        ),
        SendInvitation => (
            LegalRepresentative,
            (LegalRepresentative, Nothing("ACC-2")),
            &[],
            ReadOrganization,
        ),
        AnswerInvitation => (
            LegalRepresentative,
            (LegalRepresentative, Nothing("ACC-2")),
            &[],
            ReadInvitations,
        ),
        ReadTenders | ManageTenders | AnswerTenders => (
            Administrator,
            (Administrator, Nothing("ACC-2")),
            &[],
            ReadTenders,
        ),
        EditTenderPreferences => (
            LegalRepresentative,
            (LegalRepresentative, Nothing("ACC-2")),
            &[],
            ReadTenders,
        ),
        ReadSupportContract => (
            Administrator,
            (Administrator, Nothing("SUP-2")),
            &[],
            ReadOrganization,
        ),
        AgreeSupportContract => (
            Nobody,
            (Nobody, Nothing("SUP-2")),
            &[Admin],
            ReadOrganization,
        ),
        ManageSupportAccess => (
            Administrator,
            (Administrator, Nothing("ACC-2")),
            &[],
            ReadOrganization,
        ),
        GiveSupport => (
            Nobody,
            (Nobody, Nothing("SUP-3")),
            &[Support],
            ReadOrganization,
        ),
        SetInvitationPreferences => (
            LegalRepresentative,
            (LegalRepresentative, Nothing("ACC-2")),
            &[],
            ReadOrganization,
        ),
        ReadCustomers => (Insider, (Insider, Nothing("INV-9")), &[], ReadOrganization),
        Enrol => (
            LegalRepresentative,
            (LegalRepresentative, Nothing("ACC-2")),
            &[],
            ReadOrganization,
        ),
        ReadEnrolment => (
            LegalRepresentative,
            (LegalRepresentative, Nothing("ACC-2")),
            &[Admin],
            ReadOrganization,
        ),
        AnswerInquiry => (
            LegalRepresentative,
            (LegalRepresentative, Nothing("ACC-2")),
            &[],
            ReadOrganization,
        ),
        LeaveProgramme => (
            LegalRepresentative,
            (LegalRepresentative, Nothing("ACC-2")),
            &[],
            ReadOrganization,
        ),
        DecideEnrolment => (Nobody, (Nobody, Nothing("ACC-2")), &[Admin], ReadEnrolment),
        ManagePartnerProfile => (
            Administrator,
            (Administrator, Nothing("ACC-2")),
            &[],
            ReadOrganization,
        ),
        ReadPartnership => (Administrator, (Insider, History), &[], ReadOrganization),
        ChangeAccess => (
            LegalRepresentative,
            (LegalRepresentative, Nothing("PSH-5")),
            &[],
            ReadPartnership,
        ),
        ChangePaymentMode => (
            LegalRepresentative,
            (LegalRepresentative, Nothing("PSH-6")),
            &[],
            ReadPartnership,
        ),
        ReadPaymentModeProposals => (
            Administrator,
            (Administrator, History),
            &[],
            ReadPartnership,
        ),
        ProposePaymentMode => (Nobody, (LegalRepresentative, Access), &[], ReadPartnership),
        AnswerPaymentModeProposal => (
            LegalRepresentative,
            (LegalRepresentative, Nothing("PSH-6")),
            &[],
            ReadPartnership,
        ),
        EndPartnership => (
            LegalRepresentative,
            (LegalRepresentative, Bond),
            &[],
            ReadPartnership,
        ),
        SettleInvoices => (
            Nobody,
            (Nobody, Nothing("PAY-5")),
            &[Admin, Billing],
            ReadInvoices,
        ),
        RequestPayout => (
            LegalRepresentative,
            (LegalRepresentative, Nothing("ACC-1")),
            &[],
            ReadPrepaidAccounts,
        ),
        SettlePayouts => (
            Nobody,
            (Nobody, Nothing("ACC-1")),
            &[Admin, Billing],
            ReadPrepaidAccounts,
        ),
        ReadSharedStatement => (
            Administrator,
            (Administrator, History),
            &[],
            ReadPartnership,
        ),
        ReadRebilling => (Nobody, (Administrator, History), &[], ReadRebilling),
        SetRebillingTerms => (
            Nobody,
            (Administrator, Scope(S::OrdersAndRenewals)),
            &[],
            ReadRebilling,
        ),
        AssignCollaborators => (Nobody, (Administrator, Bond), &[], ReadPartnership),
        ReadEvents => (
            Administrator,
            (Administrator, Nothing("ACC-1")),
            &[],
            ReadOrganization,
        ),
        ReadAuditLog => (
            Administrator,
            (Administrator, Nothing("AUD-1")),
            &[Admin],
            ReadOrganization,
        ),
        ManageWebhooks => (
            Administrator,
            (Administrator, Nothing("ACC-1")),
            &[],
            ReadOrganization,
        ),
        ReadExitReport => (
            LegalRepresentative,
            (LegalRepresentative, History),
            &[],
            ReadPartnership,
        ),
        CancelStart => (
            LegalRepresentative,
            (LegalRepresentative, Nothing("PSH-12")),
            &[],
            ReadPartnership,
        ),
        HandOver => (
            LegalRepresentative,
            (LegalRepresentative, Nothing("PSH-10")),
            &[],
            ReadPartnership,
        ),
        ReadRightSizing => (Administrator, (Administrator, Access), &[], ReadPartnership),
        ManageUsers => (Nobody, (Nobody, Nothing("ACC-1")), &[Admin], ManageUsers),
        ManageOrganizations => (
            Nobody,
            (Nobody, Nothing("ACC-1")),
            &[Admin],
            ManageOrganizations,
        ),
    };
    Need {
        member,
        partner,
        operator,
        support: help(action),
        seen_by,
    }
}

/// The table's column for the support staff.
const fn help(action: Action) -> Help {
    use Action::*;
    match action {
        ReadOrganization | ReadProducts => Help::Any,
        ReadMembers => Help::Whole,
        EditOrganization
        | ManageMembers
        | ManageProducts
        | Order
        | ReadOrders
        | ReadPaymentMethods
        | ManagePaymentMethods
        | ReadBillingEvents
        | ReadInvoices
        | ReadPrepaidAccounts
        | Simulate
        | ReportBillingEvents
        | ManageCatalogue
        | ReadInvitations
        | SendInvitation
        | AnswerInvitation
        | ReadTenders
        | ManageTenders
        | AnswerTenders
        | EditTenderPreferences
        | ReadSupportContract
        | AgreeSupportContract
        | ManageSupportAccess
        | GiveSupport
        | SetInvitationPreferences
        | ReadCustomers
        | Enrol
        | ReadEnrolment
        | AnswerInquiry
        | LeaveProgramme
        | DecideEnrolment
        | ManagePartnerProfile
        | ReadPartnership
        | ChangeAccess
        | ChangePaymentMode
        | ReadPaymentModeProposals
        | ProposePaymentMode
        | AnswerPaymentModeProposal
        | EndPartnership
        | SettleInvoices
        | RequestPayout
        | SettlePayouts
        | ReadSharedStatement
        | ReadRebilling
        | SetRebillingTerms
        | AssignCollaborators
        | ReadEvents
        | ReadAuditLog
        | ManageWebhooks
        | ReadExitReport
        | CancelStart
        | HandOver
        | ReadRightSizing
        | ManageUsers
        | ManageOrganizations => Help::Never,
    }
}

/// What the table says of one standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    Granted(&'static str),
    Refused(&'static str),
}

/// Judges one standing; names the rule that decided.
pub fn judge(standing: &Standing, action: Action) -> Ruling {
    let need = need(action);
    match standing {
        Standing::Member {
            role, may_order, ..
        } => ranked(need.member, *role, *may_order),
        Standing::Partner {
            role,
            may_order,
            terms,
            state,
            ..
        } => match through(need.partner.1, *terms, *state) {
            Ruling::Granted(rule) => match ranked(need.partner.0, *role, *may_order) {
                Ruling::Granted(_) => Ruling::Granted(rule),
                refused @ Ruling::Refused(_) => refused,
            },
            refused @ Ruling::Refused(_) => refused,
        },
        Standing::Operator { role } if need.operator.contains(role) => Ruling::Granted("ACC-1"),
        Standing::Operator { .. } => Ruling::Refused("ACC-1"),
        Standing::Support { whole, .. } => match (need.support, whole) {
            (Help::Any, _) | (Help::Whole, true) => Ruling::Granted("SUP-4"),
            (Help::Whole, false) | (Help::Never, _) => Ruling::Refused("SUP-4"),
        },
    }
}

fn ranked(rank: Rank, role: Role, may_order: bool) -> Ruling {
    use Role::*;
    let (fits, rule) = match (rank, role) {
        (Rank::Nobody, LegalRepresentative | Administrator | Collaborator | External) => {
            (false, "ACC-1")
        }
        (Rank::Anyone, LegalRepresentative | Administrator | Collaborator | External) => {
            (true, "ACC-1")
        }
        (Rank::Insider, LegalRepresentative | Administrator | Collaborator) => (true, "ACC-1"),
        (Rank::Insider, External) => (false, "ORG-5"),
        (Rank::MayOrder, LegalRepresentative | Administrator) => (true, "ORG-8"),
        (Rank::MayOrder, Collaborator) => (may_order, "ORG-8"),
        (Rank::MayOrder, External) => (false, "ORG-8"),
        (Rank::Administrator, LegalRepresentative | Administrator) => (true, "ORG-3"),
        (Rank::Administrator, Collaborator) => (false, "ORG-4"),
        (Rank::Administrator, External) => (false, "ORG-5"),
        (Rank::LegalRepresentative, LegalRepresentative) => (true, "ORG-2"),
        (Rank::LegalRepresentative, Administrator | Collaborator | External) => (false, "ORG-2"),
    };
    if fits {
        Ruling::Granted(rule)
    } else {
        Ruling::Refused(rule)
    }
}

fn through(through: Through, terms: Terms, state: PartnershipState) -> Ruling {
    use {PartnershipState::*, Ruling::*};
    match (through, state) {
        (Through::Nothing(rule), Active | Suspended | Ended | Scheduled) => Refused(rule),
        (Through::History, Active | Suspended | Ended | Scheduled) => Granted("PSH-7"),
        (Through::Bond, Active | Suspended | Scheduled) => Granted("PSH-7"),
        (Through::Bond, Ended) => Refused("PSH-7"),
        (Through::Access, Active) => Granted("ACC-1"),
        (Through::Scope(scope), Active) => of_scope(scope, terms),
        (Through::Access | Through::Scope(_), Suspended) => Refused("PRG-5"),
        (Through::Access | Through::Scope(_), Ended) => Refused("PSH-7"),
        (Through::Access | Through::Scope(_), Scheduled) => Refused("PSH-12"),
    }
}

fn of_scope(scope: ScopeName, terms: Terms) -> Ruling {
    match granted(scope, terms).extent {
        Extent::SelectedProducts | Extent::All | Extent::Yes => Ruling::Granted("ACC-1"),
        Extent::None => Ruling::Refused("ACC-4"),
    }
}

/// Something that was found, with all of the caller's standings towards its organization.
#[derive(Debug, Clone)]
pub struct Found<T> {
    pub what: T,
    pub standings: Vec<Standing>,
}

/// Something that the caller may do what was asked to, and by which standing.
#[derive(Debug, Clone)]
pub struct Allowed<T> {
    pub what: T,
    pub by: Standing,
    pub rule: &'static str,
}

/// Lets the caller act on what it found: invisible is 404, visible but refused is 403.
pub fn allow<T>(found: Found<T>, action: Action) -> Result<Allowed<T>, Refusal> {
    match decide(&found.standings, action) {
        Decision::Granted(by, rule) => Ok(Allowed {
            what: found.what,
            by: by.clone(),
            rule,
        }),
        Decision::Refused(rule) => Err(Refusal::by(Code::Forbidden, rule)),
        Decision::Invisible => Err(Refusal::not_found()),
    }
}

/// Lets the operator's staff do what concerns no organization; everyone else sees that it is there, and may not.
pub fn allow_staff(role: Option<OperatorRole>, action: Action) -> Result<(), Refusal> {
    match role.map(|role| judge(&Standing::Operator { role }, action)) {
        Some(Ruling::Granted(_)) => Ok(()),
        Some(Ruling::Refused(_)) | None => Err(Refusal::by(Code::Forbidden, "ACC-1")),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision<'s> {
    Granted(&'s Standing, &'static str),
    Refused(&'static str),
    Invisible,
}

/// The first standing that grants decides; a refusal names the first rule that stood in the way.
pub fn decide(standings: &[Standing], action: Action) -> Decision<'_> {
    let mut refused = None;
    for standing in standings {
        match judge(standing, action) {
            Ruling::Granted(rule) => return Decision::Granted(standing, rule),
            Ruling::Refused(rule) => refused = refused.or(Some(rule)),
        }
    }
    match refused {
        Some(rule) if permits(standings, need(action).seen_by) => Decision::Refused(rule),
        Some(_) | None => Decision::Invisible,
    }
}

/// Whether one of the standings grants it.
pub fn permits(standings: &[Standing], action: Action) -> bool {
    standings
        .iter()
        .any(|standing| matches!(judge(standing, action), Ruling::Granted(_)))
}

/// Those of the actions that the caller may do now.
pub fn available(standings: &[Standing], actions: &[Action]) -> Vec<Action> {
    let may = |action: &&Action| permits(standings, **action);
    actions.iter().filter(may).copied().collect()
}
