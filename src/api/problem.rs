//! Every error leaves as a problem document (RFC 9457). The one translation of errors to HTTP.
use super::locale;
use crate::domain::locale::Language;
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::Error;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ALLOW, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderName, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use actix_web::{HttpResponse, ResponseError};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was refused (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// A page that explains this kind of problem.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", example = "/problems/forbidden")]
    pub kind: String,
    /// What kind of problem it is, in the reader's language.
    #[schema(example = "Not allowed")]
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 403)]
    pub status: u16,
    /// What went wrong this time, in the reader's language.
    #[schema(example = "Only a legal representative may do this.")]
    pub detail: String,
    /// The path that was asked for.
    #[schema(
        format = "uri-reference",
        example = "/v1/organizations/org_01jd8xk3v9e6mbyg4q5r7s8t9v/invitations"
    )]
    pub instance: String,
    /// The stable code of this kind of problem.
    pub code: Code,
    /// The rule that decided, where one did.
    #[schema(example = "ORG-2")]
    pub rule: Option<&'static str>,
    /// The request's id, to be quoted to the operator's staff.
    #[schema(example = "0193-7d2f")]
    pub request_id: String,
    /// The ids of what stands in the way.
    pub conflicts: Vec<String>,
    /// Every fault of an invalid input.
    pub errors: Vec<ProblemError>,
}

/// One fault of an input.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemError {
    /// JSON Pointer (RFC 6901) into the body, or the name of a parameter.
    #[schema(example = "/access/product_ids")]
    pub pointer: String,
    /// A stable code.
    #[schema(example = "required")]
    pub code: &'static str,
    /// What is wrong, in the reader's language.
    #[schema(example = "This is required.")]
    pub detail: String,
}

/// What an answer needs of its request.
pub struct Asked<'r> {
    pub path: &'r str,
    pub request_id: &'r str,
    pub language: Language,
}

impl Problem {
    pub fn new(refusal: &Refusal, asked: &Asked) -> Self {
        let language = asked.language;
        Self {
            kind: format!("/problems/{}", refusal.code),
            title: locale::text(language, &format!("problem-{}", dashed(refusal.code)), &[]),
            status: status(refusal.code).as_u16(),
            detail: detail(refusal, language),
            instance: asked.path.to_owned(),
            code: refusal.code,
            rule: refusal.rule,
            request_id: asked.request_id.to_owned(),
            conflicts: refusal.conflicts.clone(),
            errors: refusal
                .faults
                .iter()
                .map(|fault| ProblemError::new(fault, language))
                .collect(),
        }
    }
}

impl ProblemError {
    fn new(fault: &Fault, language: Language) -> Self {
        let key = format!("fault-{}", fault.code.replace('_', "-"));
        Self {
            pointer: fault.pointer.clone(),
            code: fault.code,
            detail: locale::text(language, &key, &fault.arguments),
        }
    }
}

/// A rule has a sentence of its own where the code's would not say enough.
fn detail(refusal: &Refusal, language: Language) -> String {
    let arguments = &refusal.arguments;
    let code = dashed(refusal.code);
    refusal
        .rule
        .and_then(|rule| {
            let key = format!("problem-{code}.{}", rule.to_lowercase());
            locale::find(language, &key, arguments)
        })
        .unwrap_or_else(|| locale::text(language, &format!("problem-{code}.detail"), arguments))
}

fn dashed(code: Code) -> String {
    code.as_str().replace('_', "-")
}

/// The status of each code.
pub const fn status(code: Code) -> StatusCode {
    use Code::*;
    match code {
        CursorMismatch
        | IdempotencyKeyInvalid
        | IdempotencyKeyRequired
        | InvalidParameter
        | MalformedBody
        | UnknownField
        | UnknownParameter => StatusCode::BAD_REQUEST,
        InsufficientUserAuthentication
        | SecondFactorRequired
        | Unauthenticated
        | WrongCredentials
        | WrongSecondFactor => StatusCode::UNAUTHORIZED,
        EmailUnverified | Forbidden | InsufficientScope | SessionRequired | WrongPassword => {
            StatusCode::FORBIDDEN
        }
        NotFound | UnknownPath => StatusCode::NOT_FOUND,
        MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        AlreadyAMember
        | AlreadyAnswered
        | AlreadyBooked
        | AlreadyEnded
        | AlreadyEnrolled
        | AlreadyPartners
        | AlreadyRenewed
        | BackupNotMovable
        | AlreadySettled
        | ConflictingPartnerships
        | EmailTaken
        | ExternalIdReused
        | InsufficientBalance
        | LastLegalRepresentative
        | NameTaken
        | AlreadyStarted
        | NotStarted
        | NotInThisState
        | OppositePartnership
        | PaymentMethodInUse
        | PendingInvitationExists
        | ProposalExists
        | ProposalSettled
        | PendingProposalExists
        | QuotaExceeded
        | QuoteExpired
        | QuoteRedeemed
        | QuoteStale
        | SecondFactorEnabled
        | TenderFull
        | TenderNotOpen
        | TenderNotViewed
        | UserErased
        | EndpointDisabled
        | TooManyEndpoints => StatusCode::CONFLICT,
        LinkDead => StatusCode::GONE,
        VersionMismatch => StatusCode::PRECONDITION_FAILED,
        PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        IdempotencyKeyReused | Invalid | NotAPartner | PasswordRequired => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        IfMatchRequired => StatusCode::PRECONDITION_REQUIRED,
        LockedOut | ResentTooOften | TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Busy | Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl Error {
    /// What the caller is told: of our own faults only that they are ours.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Refused(refusal) => (**refusal).clone(),
            Self::Busy => Refusal::new(Code::Busy),
            Self::Unavailable(_) => Refusal::new(Code::Unavailable),
            Self::Database(DieselError::NotFound) => Refusal::not_found(),
            Self::Database(DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, _)) => {
                Refusal::new(Code::Unavailable)
            }
            Self::Database(_) | Self::Rehearsed | Self::Internal(_) => Refusal::new(Code::Internal),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        status(self.refusal().code)
    }

    /// Without a body: the outermost layer knows language, path and id of the request, and writes it.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

/// The problem document with the headers that its status asks for.
pub fn respond(refusal: &Refusal, asked: &Asked) -> HttpResponse {
    let problem = Problem::new(refusal, asked);
    let mut answer = HttpResponse::build(status(refusal.code));
    answer.insert_header((CONTENT_TYPE, "application/problem+json"));
    answer.insert_header((CONTENT_LANGUAGE, asked.language.as_str()));
    answer.insert_header((VARY, "accept-language"));
    for (name, value) in headers(refusal) {
        answer.insert_header((name, value));
    }
    answer.body(serde_json::to_vec(&problem).unwrap_or_default())
}

fn headers(refusal: &Refusal) -> Vec<(HeaderName, String)> {
    let argument = |name| refusal.arguments.iter().find(|(known, _)| *known == name);
    match status(refusal.code) {
        StatusCode::UNAUTHORIZED => {
            let mut challenge = "Bearer realm=\"mandat\"".to_owned();
            if refusal.code == Code::InsufficientUserAuthentication {
                let most = argument("max_age").map_or("0", |(_, seconds)| seconds);
                challenge += &format!(", error=\"{}\", max_age=\"{most}\"", refusal.code);
            }
            vec![(WWW_AUTHENTICATE, challenge)]
        }
        StatusCode::METHOD_NOT_ALLOWED => argument("allow")
            .map(|(_, allow)| (ALLOW, allow.clone()))
            .into_iter()
            .collect(),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            let seconds = argument("seconds").map_or("1", |(_, seconds)| seconds);
            vec![(RETRY_AFTER, seconds.to_owned())]
        }
        _ => Vec::new(),
    }
}
