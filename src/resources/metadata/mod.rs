//! The words of the service with their labels, for whoever builds a front end.
use crate::api::{Reply, locale};
use crate::db::Db;
use crate::domain::access::{Level, PaymentMode};
use crate::domain::billing::{EventKind, InvoiceStatus};
use crate::domain::country;
use crate::domain::enrolment::EnrolmentState;
use crate::domain::invitation::InvitationStatus;
use crate::domain::locale::Language;
use crate::domain::money::Currency;
use crate::domain::organization::{OrganizationKind, Role};
use crate::domain::product::{Period, ProductState};
use crate::domain::scopes::ScopeName;
use crate::error::Result;
use crate::resources::catalogue::model::families;
use crate::resources::catalogue::views::FamilyView;
use actix_web::web::Data;
use actix_web::{HttpRequest, get};
use serde::Serialize;
use utoipa::ToSchema;

crate::api::room::room!(get_metadata);

/// A word of the service, and how people read it.
#[derive(Serialize, ToSchema)]
#[schema(as = Label)]
pub struct LabelView {
    /// The word, as requests and answers carry it.
    #[schema(example = "legal_representative")]
    word: &'static str,
    /// How people read it.
    #[schema(example = "Legal representative")]
    label: String,
}

/// A currency with a price list of its own.
#[derive(Serialize, ToSchema)]
#[schema(as = CurrencyLabel)]
pub struct CurrencyView {
    /// Its ISO 4217 code.
    code: Currency,
    /// How many decimal places its amounts have.
    #[schema(minimum = 0, maximum = 4, example = 2)]
    places: u32,
    /// How people read it.
    #[schema(example = "Swiss franc")]
    label: String,
}

/// The words of one kind: states, roles, scopes.
#[derive(Serialize, ToSchema)]
#[schema(as = Vocabulary)]
pub struct VocabularyView {
    /// What kind of words.
    #[schema(example = "product_state")]
    kind: &'static str,
    /// The words, in their order.
    words: Vec<LabelView>,
}

/// What a front end needs to know beforehand.
#[derive(Serialize, ToSchema)]
#[schema(as = Metadata)]
pub struct MetadataView {
    /// The currencies.
    currencies: Vec<CurrencyView>,
    /// The countries by their ISO 3166 codes; their names are every reader's own.
    #[schema(example = json!(["CH", "FR"]))]
    countries: Vec<&'static str>,
    /// The languages in which people are spoken to.
    languages: Vec<LabelView>,
    /// The product families.
    families: Vec<FamilyView>,
    /// The six permission scopes of a partnership.
    scopes: Vec<LabelView>,
    /// Every other kind of words: states, roles, access levels, payment modes, periods.
    vocabularies: Vec<VocabularyView>,
}

/// The words of the service.
///
/// Currencies with their places, countries, languages, product families, and every state, role and scope, with labels in the language that the request accepts.
#[utoipa::path(tag = "Reference", security(()), responses((status = 200, body = MetadataView, description = "The words.")))]
#[get("/v1/metadata")]
pub async fn get_metadata(db: Data<Db>, request: HttpRequest) -> Result<Reply<MetadataView>> {
    let language = locale::accepted(&request);
    let families = db.read(families).await?;
    let currency = |code: &Currency| CurrencyView {
        code: *code,
        places: code.places(),
        label: label(language, "currency", code.as_str()),
    };
    Reply::ok(&MetadataView {
        currencies: Currency::ALL.iter().map(currency).collect(),
        countries: country::COUNTRIES.to_vec(),
        languages: labels(language, "language", Language::ALL, Language::as_str),
        families,
        scopes: labels(language, "scope", ScopeName::ALL, ScopeName::as_str),
        vocabularies: vocabularies(language),
    })
}

fn vocabularies(language: Language) -> Vec<VocabularyView> {
    let kind = |kind, words| VocabularyView { kind, words };
    macro_rules! of {
        ($($name:literal $words:ident),+ $(,)?) => {
            vec![$(kind($name, labels(language, $name, $words::ALL, $words::as_str))),+]
        };
    }
    of!(
        "organization_kind" OrganizationKind,
        "role" Role,
        "access_level" Level,
        "payment_mode" PaymentMode,
        "invitation_status" InvitationStatus,
        "enrolment_state" EnrolmentState,
        "product_state" ProductState,
        "period" Period,
        "billing_event_kind" EventKind,
        "invoice_status" InvoiceStatus,
    )
}

fn labels<T: Copy>(
    language: Language,
    kind: &str,
    words: &[T],
    word: fn(T) -> &'static str,
) -> Vec<LabelView> {
    let view = |one: &T| LabelView {
        word: word(*one),
        label: label(language, kind, word(*one)),
    };
    words.iter().map(view).collect()
}

/// `label-product-state.active`; a scope has its name already.
fn label(language: Language, kind: &str, word: &str) -> String {
    let key = match kind {
        "scope" => format!("scope-{word}"),
        kind => format!("label-{kind}.{}", word.to_lowercase()),
    };
    locale::text(language, &key.replace('_', "-"), &[])
}
