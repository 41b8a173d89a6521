//! How a domain word is written in a column: ids as their sixteen bytes, words as their text.
use crate::domain::access::{Level, PaymentMode};
use crate::domain::billing::{EventKind, Initiator, InvoiceStatus, PaymentMethodKind};
use crate::domain::directory::ProfileItem;
use crate::domain::enrolment::{EnrolmentState, ProgrammeRole};
use crate::domain::event::EventType;
use crate::domain::id::{Id, Kind};
use crate::domain::invitation::{Direction, InvitationStatus, WhoMayAsk};
use crate::domain::ledger::{PaidBy, TransactionKind};
use crate::domain::locale::Language;
use crate::domain::mail::{MailTemplate, NotificationCategory};
use crate::domain::money::Currency;
use crate::domain::organization::{OperatorRole, OrganizationKind, Role};
use crate::domain::partnership::PaymentModeProposalStatus;
use crate::domain::payout::PayoutStatus;
use crate::domain::product::{Period, ProductState};
use crate::domain::rebilling::RebillingBasis;
use crate::domain::register::RegisterKind;
use crate::domain::settlement::{Orderer, Payer};
use crate::domain::support::{IdentificationOutcome, SupportPlan};
use crate::domain::tender::{ProposalStatus, TenderOutcome, TenderStatus};
use crate::domain::vat::VatTreatment;
use crate::domain::webhook::{DeliveryState, DisabledReason};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::expression::AsExpression;
use diesel::internal::derives::as_expression::Bound;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{Binary, Nullable, SingleValue, Text};

/// What diesel's derives write for a type of one's own; here, since the domain names no diesel.
macro_rules! column {
    ([$($generic:tt)*] $type:ty, $sql:ty) => {
        impl<$($generic)*> AsExpression<$sql> for $type {
            type Expression = Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression { Bound::new(self) }
        }
        impl<'e, $($generic)*> AsExpression<$sql> for &'e $type {
            type Expression = Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression { Bound::new(self) }
        }
        impl<$($generic)*> AsExpression<Nullable<$sql>> for $type {
            type Expression = Bound<Nullable<$sql>, Self>;
            fn as_expression(self) -> Self::Expression { Bound::new(self) }
        }
        impl<'e, $($generic)*> AsExpression<Nullable<$sql>> for &'e $type {
            type Expression = Bound<Nullable<$sql>, Self>;
            fn as_expression(self) -> Self::Expression { Bound::new(self) }
        }
        impl<DB: Backend, $($generic)*> ToSql<Nullable<$sql>, DB> for $type where Self: ToSql<$sql, DB> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                ToSql::<$sql, DB>::to_sql(self, out)
            }
        }
        impl<DB: Backend, ST: SingleValue, $($generic)*> Queryable<ST, DB> for $type where Self: FromSql<ST, DB> {
            type Row = Self;
            fn build(row: Self) -> deserialize::Result<Self> { Ok(row) }
        }
    };
}

column!([K: Kind] Id<K>, Binary);

impl<K: Kind, DB: Backend> ToSql<Binary, DB> for Id<K>
where
    [u8]: ToSql<Binary, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.bytes().as_slice().to_sql(out)
    }
}

impl<K: Kind, DB: Backend> FromSql<Binary, DB> for Id<K>
where
    Vec<u8>: FromSql<Binary, DB>,
{
    fn from_sql(raw: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let bytes = Vec::<u8>::from_sql(raw)?;
        Ok(Self::from_bytes(bytes.as_slice().try_into()?))
    }
}

macro_rules! word_columns {
    ($($type:ty),+ $(,)?) => {$(
        column!([] $type, Text);
        impl<DB: Backend> ToSql<Text, DB> for $type where str: ToSql<Text, DB> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                self.as_str().to_sql(out)
            }
        }
        impl<DB: Backend> FromSql<Text, DB> for $type where String: FromSql<Text, DB> {
            fn from_sql(raw: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let word = String::from_sql(raw)?;
                Self::parse(&word).ok_or_else(|| format!("unknown {}: {word}", stringify!($type)).into())
            }
        }
    )+};
}

word_columns!(
    DeliveryState,
    DisabledReason,
    Currency,
    Direction,
    EnrolmentState,
    EventKind,
    EventType,
    IdentificationOutcome,
    Initiator,
    InvitationStatus,
    InvoiceStatus,
    Language,
    Level,
    MailTemplate,
    NotificationCategory,
    OperatorRole,
    Orderer,
    OrganizationKind,
    PaidBy,
    Payer,
    PaymentMethodKind,
    PaymentMode,
    PayoutStatus,
    PaymentModeProposalStatus,
    Period,
    ProductState,
    ProposalStatus,
    RebillingBasis,
    ProfileItem,
    ProgrammeRole,
    RegisterKind,
    Role,
    SupportPlan,
    TenderOutcome,
    TenderStatus,
    WhoMayAsk,
    TransactionKind,
    VatTreatment,
);
