//! Why a rule said no: a stable code and typed arguments, never a sentence.
use super::words::words;

words! {
    /// The stable codes of problem documents.
    Code {
        AlreadyAMember = "already_a_member",
        AlreadyAnswered = "already_answered",
        AlreadyBooked = "already_booked",
        AlreadyEnded = "already_ended",
        AlreadyEnrolled = "already_enrolled",
        AlreadyPartners = "already_partners",
        AlreadyRenewed = "already_renewed",
        AlreadySettled = "already_settled",
        AlreadyStarted = "already_started",
        BackupNotMovable = "backup_not_movable",
        Busy = "busy",
        ConflictingPartnerships = "conflicting_partnerships",
        CursorMismatch = "cursor_mismatch",
        EmailTaken = "email_taken",
        EmailUnverified = "email_unverified",
        EndpointDisabled = "endpoint_disabled",
        ExternalIdReused = "external_id_reused",
        Forbidden = "forbidden",
        IdempotencyKeyInvalid = "idempotency_key_invalid",
        IdempotencyKeyRequired = "idempotency_key_required",
        IdempotencyKeyReused = "idempotency_key_reused",
        IfMatchRequired = "if_match_required",
        InsufficientBalance = "insufficient_balance",
        InsufficientScope = "insufficient_scope",
        InsufficientUserAuthentication = "insufficient_user_authentication",
        Internal = "internal",
        Invalid = "invalid",
        InvalidParameter = "invalid_parameter",
        LastLegalRepresentative = "last_legal_representative",
        LinkDead = "link_dead",
        LockedOut = "locked_out",
        MalformedBody = "malformed_body",
        MethodNotAllowed = "method_not_allowed",
        NameTaken = "name_taken",
        NotAPartner = "not_a_partner",
        NotFound = "not_found",
        NotStarted = "not_started",
        NotInThisState = "not_in_this_state",
        OppositePartnership = "opposite_partnership",
        PasswordRequired = "password_required",
        PaymentMethodInUse = "payment_method_in_use",
        PayloadTooLarge = "payload_too_large",
        PendingInvitationExists = "pending_invitation_exists",
        ProposalExists = "proposal_exists",
        ProposalSettled = "proposal_settled",
        PendingProposalExists = "pending_proposal_exists",
        QuotaExceeded = "quota_exceeded",
        QuoteExpired = "quote_expired",
        QuoteRedeemed = "quote_redeemed",
        QuoteStale = "quote_stale",
        ResentTooOften = "resent_too_often",
        SecondFactorEnabled = "second_factor_enabled",
        SecondFactorRequired = "second_factor_required",
        SessionRequired = "session_required",
        TenderFull = "tender_full",
        TenderNotOpen = "tender_not_open",
        TenderNotViewed = "tender_not_viewed",
        TooManyEndpoints = "too_many_endpoints",
        TooManyRequests = "too_many_requests",
        Unauthenticated = "unauthenticated",
        Unavailable = "unavailable",
        UnknownField = "unknown_field",
        UnknownParameter = "unknown_parameter",
        UnknownPath = "unknown_path",
        UnsupportedMediaType = "unsupported_media_type",
        UserErased = "user_erased",
        VersionMismatch = "version_mismatch",
        WrongCredentials = "wrong_credentials",
        WrongPassword = "wrong_password",
        WrongSecondFactor = "wrong_second_factor",
    }
}

/// A rule's no. What it names travels as ids; the sentence is made where the reader's language is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    /// The rule of the specification that decided.
    pub rule: Option<&'static str>,
    /// Ids of what stands in the way.
    pub conflicts: Vec<String>,
    /// Every fault of an invalid input, at once.
    pub faults: Vec<Fault>,
    /// What the sentence names.
    pub arguments: Vec<(&'static str, String)>,
}

/// One fault of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// JSON Pointer (RFC 6901) into the body, or the name of a parameter.
    pub pointer: String,
    /// A stable code; its sentence is `fault-<code>`.
    pub code: &'static str,
    pub arguments: Vec<(&'static str, String)>,
}

impl Refusal {
    pub fn new(code: Code) -> Self {
        Self {
            code,
            rule: None,
            conflicts: Vec::new(),
            faults: Vec::new(),
            arguments: Vec::new(),
        }
    }

    /// The refusal that a rule gives.
    pub fn by(code: Code, rule: &'static str) -> Self {
        Self::new(code).rule(rule)
    }

    pub fn rule(mut self, rule: &'static str) -> Self {
        self.rule = Some(rule);
        self
    }

    pub fn conflicts(mut self, ids: impl IntoIterator<Item = impl ToString>) -> Self {
        self.conflicts = ids.into_iter().map(|id| id.to_string()).collect();
        self
    }

    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.arguments.push((name, value.to_string()));
        self
    }

    pub fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    /// Readable but wrong, with all that is wrong.
    pub fn invalid(faults: Vec<Fault>) -> Self {
        Self {
            faults,
            ..Self::new(Code::Invalid)
        }
    }

    /// Readable but wrong in one place, by a rule.
    pub fn fault(pointer: &str, code: &'static str, rule: &'static str) -> Self {
        Self::invalid(vec![Fault::new(pointer, code)]).rule(rule)
    }
}

impl Fault {
    pub fn new(pointer: impl Into<String>, code: &'static str) -> Self {
        Self {
            pointer: pointer.into(),
            code,
            arguments: Vec::new(),
        }
    }

    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.arguments.push((name, value.to_string()));
        self
    }
}
