//! What is kept of a user, as that user reads it.
use super::super::model::UserView;
use crate::domain::id::{ApiTokenId, MemberId, OrganizationId, SessionId, TenderId, UserId};
use crate::domain::organization::Role;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// Everything that is kept of a user.
#[derive(Serialize, ToSchema)]
#[schema(as = UserData)]
pub struct UserDataView {
    /// When this was read.
    pub(super) exported_at: DateTime<Utc>,
    /// The account.
    pub(super) user: UserView,
    /// The identities at the external issuer.
    pub(super) external_identities: Vec<ExternalIdentityView>,
    /// Every membership, past ones too.
    pub(super) memberships: Vec<PastMembershipView>,
    /// Every session, past ones too.
    pub(super) sessions: Vec<PastSessionView>,
    /// Every API token, dead ones too, never the token itself.
    pub(super) api_tokens: Vec<PastTokenView>,
    /// The mails to this person.
    pub(super) mails: Vec<SentMailView>,
    /// What this person was told in the application.
    pub(super) notifications: Vec<ToldView>,
    /// This person's calls for help.
    pub(super) tenders: Vec<OwnTenderView>,
    /// Invitations to this person's address, by partners and by organizations.
    pub(super) invitations: Vec<ReceivedInvitationView>,
    /// When the support staff was given this person's code.
    pub(super) identifications: Vec<IdentificationView>,
    /// What this person did, and from where.
    pub(super) activity: Vec<ActivityView>,
}

/// Who a person is at the external issuer.
#[derive(Serialize, ToSchema)]
#[schema(as = ExternalIdentity)]
pub struct ExternalIdentityView {
    /// The issuer.
    #[schema(format = "uri", example = "https://id.example")]
    pub(super) issuer: String,
    /// What it calls this person.
    #[schema(example = "248289761001")]
    pub(super) subject: String,
    /// When it was bound to this account.
    pub(super) bound_at: DateTime<Utc>,
}

/// A membership as it was for some time.
#[derive(Serialize, ToSchema)]
#[schema(as = PastMembership)]
pub struct PastMembershipView {
    /// The membership.
    pub(super) member_id: MemberId,
    /// The organization.
    pub(super) organization_id: OrganizationId,
    /// Its name.
    #[schema(example = "Atelier Lumen SA")]
    pub(super) organization: String,
    /// The role.
    pub(super) role: Role,
    /// Whether a collaborator may order and renew.
    pub(super) may_order: bool,
    /// From when.
    pub(super) valid_from: DateTime<Utc>,
    /// Until when; null while it lasts.
    pub(super) valid_to: Option<DateTime<Utc>>,
}

/// A session.
#[derive(Serialize, ToSchema)]
#[schema(as = PastSession)]
pub struct PastSessionView {
    /// Its id.
    pub(super) id: SessionId,
    /// What the client said it is.
    #[schema(example = "curl/8.5.0")]
    pub(super) user_agent: Option<String>,
    /// When it began.
    pub(super) created_at: DateTime<Utc>,
    /// When it was last refreshed.
    pub(super) last_used_at: DateTime<Utc>,
    /// When it ended.
    pub(super) ended_at: Option<DateTime<Utc>>,
}

/// An API token.
#[derive(Serialize, ToSchema)]
#[schema(as = PastApiToken)]
pub struct PastTokenView {
    /// Its id.
    pub(super) id: ApiTokenId,
    /// What it is for.
    #[schema(example = "nightly export")]
    pub(super) name: String,
    /// What it may do, in words.
    #[schema(example = "read write")]
    pub(super) scopes: String,
    /// When it was made.
    pub(super) created_at: DateTime<Utc>,
    /// When it was last used.
    pub(super) last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub(super) revoked_at: Option<DateTime<Utc>>,
}

/// A mail to a person, as it lies in the outbox.
#[derive(Serialize, ToSchema)]
#[schema(as = SentMail)]
pub struct SentMailView {
    /// What kind of mail it is.
    #[schema(example = "mail-invitation")]
    pub(super) template: String,
    /// What it names, as JSON.
    #[schema(example = "{}")]
    pub(super) arguments: String,
    /// When it was written.
    pub(super) created_at: DateTime<Utc>,
    /// When it was sent.
    pub(super) sent_at: Option<DateTime<Utc>>,
}

/// One thing that a person did.
#[derive(Serialize, ToSchema)]
#[schema(as = Activity)]
pub struct ActivityView {
    /// What was done.
    #[schema(example = "user.signed_in")]
    pub(super) action: String,
    /// To what.
    #[schema(example = "user_01jd8xk3v9e6mbyg4q5r7s8t9v")]
    pub(super) subject: String,
    /// For which organization.
    pub(super) organization_id: Option<OrganizationId>,
    /// From which network address.
    #[schema(example = "192.0.2.7")]
    pub(super) address: Option<String>,
    /// When.
    pub(super) recorded_at: DateTime<Utc>,
}

/// What a person was told in the application.
#[derive(Serialize, ToSchema)]
#[schema(as = ToldNotification)]
pub struct ToldView {
    /// What kind of notification it is.
    #[schema(example = "invitation_accepted")]
    pub(super) template: String,
    /// What it names, as JSON.
    #[schema(example = "{}")]
    pub(super) arguments: String,
    /// When it was written.
    pub(super) created_at: DateTime<Utc>,
    /// When it was read.
    pub(super) read_at: Option<DateTime<Utc>>,
}

/// A call for help, with whom it leads to.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnTender)]
pub struct OwnTenderView {
    /// Its id.
    pub(super) id: TenderId,
    /// What it is about.
    #[schema(example = "A new website for our bakery")]
    pub(super) subject: String,
    /// What is needed.
    #[schema(example = "We bake, and would like to sell our bread online.")]
    pub(super) description: String,
    /// Who is to be asked for.
    #[schema(example = "Anna Sommer")]
    pub(super) contact_name: String,
    /// At which address.
    #[schema(example = "anna@baeckerei-sommer.example")]
    pub(super) contact_email: String,
    /// At which number.
    #[schema(example = "+41215550123")]
    pub(super) contact_phone: String,
    /// When it was submitted.
    pub(super) created_at: DateTime<Utc>,
}

/// An invitation to a person's address.
#[derive(Serialize, ToSchema)]
#[schema(as = ReceivedInvitation)]
pub struct ReceivedInvitationView {
    /// Who invited: a partner to a partnership, or an organization to be a member of it.
    pub(super) organization_id: OrganizationId,
    /// The role that was offered in the organization; null for a partnership.
    pub(super) role: Option<Role>,
    /// What was written with it.
    #[schema(example = "We would like to look after your website.")]
    pub(super) message: Option<String>,
    /// When it was sent first.
    pub(super) created_at: DateTime<Utc>,
}

/// The support staff was given a person's code.
#[derive(Serialize, ToSchema)]
#[schema(as = PastIdentification)]
pub struct IdentificationView {
    /// To whom of the staff.
    pub(super) staff_id: UserId,
    /// When.
    pub(super) submitted_at: DateTime<Utc>,
}
