//! The mails that are sent, and where the link in each leads.
use super::words::words;

words! {
    /// A mail, by what it tells.
    MailTemplate {
        AccountExists = "account_exists",
        AccountMade = "account_made",
        EnrolmentApproved = "enrolment_approved",
        EnrolmentInquiring = "enrolment_inquiring",
        EnrolmentRejected = "enrolment_rejected",
        Invitation = "invitation",
        InvitationAccepted = "invitation_accepted",
        InvitationAcceptedForLater = "invitation_accepted_for_later",
        InvitationDeclined = "invitation_declined",
        InvitationSuperseded = "invitation_superseded",
        MemberInvitation = "member_invitation",
        PartnerEnded = "partner_ended",
        PartnerReinstated = "partner_reinstated",
        PartnerSuspended = "partner_suspended",
        PartnershipEnded = "partnership_ended",
        PartnershipStartCancelled = "partnership_start_cancelled",
        PartnershipStartFailed = "partnership_start_failed",
        PartnershipStarted = "partnership_started",
        PasswordChanged = "password_changed",
        PasswordReset = "password_reset",
        PasswordSet = "password_set",
        PaymentModeChanged = "payment_mode_changed",
        RenewalFailed = "renewal_failed",
        RenewalsFellBack = "renewals_fell_back",
        PaymentModeDeclined = "payment_mode_declined",
        PaymentModeProposed = "payment_mode_proposed",
        RecoveryCodeUsed = "recovery_code_used",
        SecondFactorDisabled = "second_factor_disabled",
        SecondFactorEnabled = "second_factor_enabled",
        SignUp = "sign_up",
        SupportIdentified = "support_identified",
        TenderAnswer = "tender_answer",
        TenderConcluded = "tender_concluded",
        TenderConfirm = "tender_confirm",
        TenderExtract = "tender_extract",
        TenderOpened = "tender_opened",
        TenderProposal = "tender_proposal",
        TenderQuestion = "tender_question",
        TenderSelected = "tender_selected",
        WebhookDisabled = "webhook_disabled",
    }
}

words! {
    /// What kind of thing a person is told.
    NotificationCategory {
        /// The account itself, and what an organization has set up.
        Account = "account",
        /// What became of one's invitations.
        Answers = "answers",
        /// Invitations to partnerships and organizations.
        Invitations = "invitations",
        /// Tenders of one's own: proposals, questions, who opened them.
        OwnTenders = "own_tenders",
        /// Partnerships: their terms and their end.
        Partnerships = "partnerships",
        /// One's enrolment in the programme, and one's status as a partner.
        Programme = "programme",
        /// Tenders of others: calls for help, and what became of one's proposals.
        Tenders = "tenders",
    }
}

impl NotificationCategory {
    /// Whether its mails belong to the contract, so that nobody turns them off (NTF-2).
    pub const fn is_contractual(self) -> bool {
        match self {
            Self::Account
            | Self::Invitations
            | Self::OwnTenders
            | Self::Partnerships
            | Self::Programme => true,
            Self::Answers | Self::Tenders => false,
        }
    }
}

/// Where a link leads; its token follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// A path of this service, which the token ends.
    Service(&'static str),
    /// A page of the front end, with the token behind `#`, which no server's log sees.
    Page(&'static str),
}

impl MailTemplate {
    /// Where the link in it leads; none for a mail without a link.
    pub const fn link(self) -> Option<Link> {
        match self {
            Self::Invitation => Some(Link::Service("/v1/invitation-links/")),
            Self::MemberInvitation => Some(Link::Service("/v1/member-invitation-links/")),
            Self::AccountMade | Self::PasswordReset => Some(Link::Page("/reset-password")),
            Self::SignUp => Some(Link::Page("/verify-email")),
            Self::TenderConfirm
            | Self::TenderOpened
            | Self::TenderProposal
            | Self::TenderQuestion => Some(Link::Service("/v1/tender-links/")),
            Self::AccountExists
            | Self::EnrolmentApproved
            | Self::EnrolmentInquiring
            | Self::EnrolmentRejected
            | Self::InvitationAccepted
            | Self::InvitationAcceptedForLater
            | Self::InvitationDeclined
            | Self::InvitationSuperseded
            | Self::PartnerEnded
            | Self::PartnerReinstated
            | Self::PartnerSuspended
            | Self::PartnershipEnded
            | Self::PartnershipStartCancelled
            | Self::PartnershipStartFailed
            | Self::PartnershipStarted
            | Self::PasswordChanged
            | Self::PasswordSet
            | Self::PaymentModeChanged
            | Self::RenewalFailed
            | Self::RenewalsFellBack
            | Self::SupportIdentified
            | Self::RecoveryCodeUsed
            | Self::SecondFactorDisabled
            | Self::SecondFactorEnabled
            | Self::TenderAnswer
            | Self::TenderConcluded
            | Self::TenderExtract
            | Self::TenderSelected
            | Self::PaymentModeDeclined
            | Self::PaymentModeProposed
            | Self::WebhookDisabled => None,
        }
    }

    /// What kind of thing it tells.
    pub const fn category(self) -> NotificationCategory {
        match self {
            Self::AccountExists
            | Self::AccountMade
            | Self::PasswordChanged
            | Self::PasswordReset
            | Self::PasswordSet
            | Self::RecoveryCodeUsed
            | Self::SecondFactorDisabled
            | Self::SecondFactorEnabled
            | Self::SignUp
            | Self::SupportIdentified
            | Self::WebhookDisabled => NotificationCategory::Account,
            Self::InvitationAccepted
            | Self::InvitationAcceptedForLater
            | Self::InvitationDeclined
            | Self::InvitationSuperseded => NotificationCategory::Answers,
            Self::Invitation | Self::MemberInvitation => NotificationCategory::Invitations,
            Self::TenderConfirm
            | Self::TenderOpened
            | Self::TenderProposal
            | Self::TenderQuestion => NotificationCategory::OwnTenders,
            Self::PartnershipEnded
            | Self::PartnershipStartCancelled
            | Self::PartnershipStartFailed
            | Self::PartnershipStarted
            | Self::PaymentModeChanged
            | Self::PaymentModeDeclined
            | Self::PaymentModeProposed
            | Self::RenewalFailed
            | Self::RenewalsFellBack => NotificationCategory::Partnerships,
            Self::EnrolmentApproved
            | Self::EnrolmentInquiring
            | Self::EnrolmentRejected
            | Self::PartnerEnded
            | Self::PartnerReinstated
            | Self::PartnerSuspended => NotificationCategory::Programme,
            Self::TenderAnswer
            | Self::TenderConcluded
            | Self::TenderExtract
            | Self::TenderSelected => NotificationCategory::Tenders,
        }
    }
}
