//! Ids: a UUIDv7 (RFC 9562) that knows what it names, written as a TypeID (`org_01jd…`).
use std::{fmt, hash, marker::PhantomData, str::FromStr};

/// What an id names; its prefix is part of the text.
pub trait Kind: 'static {
    const PREFIX: &'static str;
    /// What the type of its ids is called in the document.
    const NAME: &'static str;
}

macro_rules! kinds {
    ($($kind:ident $alias:ident = $prefix:literal),+ $(,)?) => {
        /// The things that have ids. A kind is a name at compile time only, never a value.
        pub mod kind {
            $(#[derive(Debug)] pub enum $kind {}
            impl super::Kind for $kind {
                const PREFIX: &'static str = $prefix;
                const NAME: &'static str = stringify!($alias);
            })+
        }

        $(pub type $alias = Id<kind::$kind>;)+

        /// Every prefix in use.
        const PREFIXES: &[&str] = &[$($prefix),+];
    };
}

kinds! {
    User UserId = "user",
    SignUp SignUpId = "signup",
    Session SessionId = "session",
    ApiToken ApiTokenId = "tok",
    Organization OrganizationId = "org",
    Member MemberId = "member",
    Team TeamId = "team",
    Product ProductId = "product",
    PaymentMethod PaymentMethodId = "pm",
    Enrolment EnrolmentId = "enrolment",
    BackupUnit BackupUnitId = "unit",
    Invitation InvitationId = "inv",
    Partnership PartnershipId = "partnership",
    PaymentModeProposal PaymentModeProposalId = "pmp",
    Assignment AssignmentId = "assignment",
    Tender TenderId = "tender",
    TenderViewing TenderViewingId = "viewing",
    TenderQuestion TenderQuestionId = "question",
    Proposal ProposalId = "proposal",
    SupportCode SupportCodeId = "supportcode",
    SupportGrant SupportGrantId = "grant",
    SupportIdentification SupportIdentificationId = "identification",
    SupportUse SupportUseId = "use",
    Quote QuoteId = "quote",
    Order OrderId = "order",
    BillingEvent BillingEventId = "bev",
    Invoice InvoiceId = "invoice",
    Entry EntryId = "entry",
    Payout PayoutId = "payout",
    Event EventId = "evt",
    Mail MailId = "mail",
    Notification NotificationId = "ntf",
    Node NodeId = "node",
    Webhook WebhookId = "webhook",
    Delivery DeliveryId = "delivery",
    Attempt AttemptId = "attempt",
    PriceList PriceListId = "pricelist",
}

/// A typed id: sixteen bytes at rest, a TypeID in JSON.
pub struct Id<K>([u8; 16], PhantomData<fn() -> K>);

/// Why a text is no id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdFault {
    /// It is a well-formed id of something else: the prefix says of what.
    OtherKind(String),
    Malformed,
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl<K> Id<K> {
    /// A UUIDv7 of this Unix millisecond and these random bytes.
    pub fn new(unix_millis: u64, random: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&unix_millis.to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&random);
        bytes[6] = (bytes[6] & 0x0f) | 0x70;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Self(bytes, PhantomData)
    }

    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes, PhantomData)
    }

    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = u128::from_be_bytes(self.0);
        let digits: [char; 26] =
            std::array::from_fn(|at| ALPHABET[((number >> (5 * (25 - at))) & 31) as usize] as char);
        write!(f, "{}_{}", K::PREFIX, String::from_iter(digits))
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = IdFault;

    fn from_str(text: &str) -> Result<Self, IdFault> {
        let (prefix, digits) = text.rsplit_once('_').ok_or(IdFault::Malformed)?;
        let number = decode(digits).ok_or(IdFault::Malformed)?;
        if prefix == K::PREFIX {
            Ok(Self::from_bytes(number.to_be_bytes()))
        } else if PREFIXES.contains(&prefix) {
            Err(IdFault::OtherKind(prefix.to_owned()))
        } else {
            Err(IdFault::Malformed)
        }
    }
}

/// Twenty-six base-32 digits hold 130 bits: the first may not exceed 7.
fn decode(digits: &str) -> Option<u128> {
    if digits.len() != 26 || digits.as_bytes().first()? > &b'7' {
        return None;
    }
    digits.bytes().try_fold(0u128, |number, digit| {
        let value = ALPHABET.iter().position(|known| *known == digit)?;
        Some((number << 5) | value as u128)
    })
}

impl<K: Kind> serde::Serialize for Id<K> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de, K: Kind> serde::Deserialize<'de> for Id<K> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(|fault| {
            serde::de::Error::custom(match fault {
                IdFault::OtherKind(prefix) => {
                    format!(
                        "expected an id that begins with `{}_`, not `{prefix}_`",
                        K::PREFIX
                    )
                }
                IdFault::Malformed => format!("expected an id that begins with `{}_`", K::PREFIX),
            })
        })
    }
}

impl<K: Kind> utoipa::PartialSchema for Id<K> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some(format!("A TypeID that begins with `{}_`.", K::PREFIX)))
            .examples([format!("{}_01jd8xk3v9e6mbyg4q5r7s8t9v", K::PREFIX)])
            .pattern(Some(format!(
                "^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$",
                K::PREFIX
            )))
            .build()
            .into()
    }
}
impl<K: Kind> utoipa::ToSchema for Id<K> {
    fn name() -> std::borrow::Cow<'static, str> {
        K::NAME.into()
    }
}

// By hand, since a derive would ask the same of the kind.
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> hash::Hash for Id<K> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
