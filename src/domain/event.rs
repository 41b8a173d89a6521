//! Domain events: what happened, by name (NTF-1).
use super::words::words;

words! {
    /// What a domain event says happened.
    EventType {
        UserSignUpRequested = "user.sign_up_requested",
        UserCreated = "user.created",
        UserSignedIn = "user.signed_in",
        UserLockedOut = "user.locked_out",
        UserChanged = "user.changed",
        UserPasswordChanged = "user.password_changed",
        UserPasswordResetRequested = "user.password_reset_requested",
        UserPasswordReset = "user.password_reset",
        SessionEnded = "session.ended",
        SessionReuseDetected = "session.reuse_detected",
        ApiTokenCreated = "api_token.created",
        ApiTokenRevoked = "api_token.revoked",
        OrganizationCreated = "organization.created",
        OrganizationChanged = "organization.changed",
        MemberAdded = "member.added",
        MemberChanged = "member.changed",
        MemberRemoved = "member.removed",
        ProductChanged = "product.changed",
        PaymentMethodAdded = "payment_method.added",
        PaymentMethodRemoved = "payment_method.removed",
        InvitationCreated = "invitation.created",
        InvitationResent = "invitation.resent",
        InvitationAccepted = "invitation.accepted",
        InvitationDeclined = "invitation.declined",
        InvitationCancelled = "invitation.cancelled",
        InvitationSuperseded = "invitation.superseded",
        PartnershipStarted = "partnership.started",
        PartnershipAccessChanged = "partnership.access_changed",
        PartnershipPaymentModeChanged = "partnership.payment_mode_changed",
        PartnershipEnded = "partnership.ended",
        QuoteCreated = "quote.created",
        OrderPlaced = "order.placed",
    }
}
