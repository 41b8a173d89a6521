//! How tenders, proposals, viewings and questions are shown, and to whom.
use super::model::matches;
use super::model::proposals::{self, Proposal};
use super::model::questions::Question;
use super::model::viewings::{self, Viewing};
use super::model::{self, Side, Tender};
use crate::api::views::{MoneyView, OrganizationNameView};
use crate::db::Tx;
use crate::domain::id::{OrganizationId, ProposalId, TenderId, TenderQuestionId, TenderViewingId};
use crate::domain::locale::Language;
use crate::domain::tender::{self, ProposalStatus, TenderOutcome, TenderStatus, Topics};
use crate::error::Result;
use crate::resources::organizations;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// What can be done to a tender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TenderAction {
    Confirm,
    Cancel,
    Close,
    Select,
    Answer,
    Open,
    Propose,
    Ask,
}

/// How its author can be reached.
#[derive(Serialize, ToSchema)]
#[schema(as = TenderContact)]
pub struct TenderContactView {
    /// The person's name.
    #[schema(example = "Anna Sommer")]
    name: String,
    /// The person's e-mail address.
    #[schema(format = "email", example = "anna@baeckerei-sommer.example")]
    email: String,
    /// The person's telephone number.
    #[schema(example = "+41215550123")]
    phone: String,
}

/// A call for help. Partners see an extract of it until they open it.
#[derive(Serialize, ToSchema)]
#[schema(as = Tender)]
pub struct TenderView {
    /// Its id.
    pub id: TenderId,
    /// How it stands.
    status: TenderStatus,
    /// What it is about.
    #[schema(example = "A new website for our bakery")]
    subject: String,
    /// The beginning of the description, at most 280 characters, without contact details.
    #[schema(example = "We bake, and would like to sell our bread online.")]
    extract: String,
    /// All of the description: for the author, and for a partner that opens the tender.
    #[schema(example = "We bake, and would like to sell our bread online.")]
    description: Option<String>,
    /// How its author can be reached: for the author, and for a partner that opens the tender.
    contact: Option<TenderContactView>,
    /// The organization that asks, for its author.
    organization_id: Option<OrganizationId>,
    /// The product families it is about.
    #[schema(example = json!(["web_hosting"]))]
    families: Vec<String>,
    /// Where: a country, or one of its subdivisions.
    #[schema(example = "CH-VD")]
    region: String,
    /// The languages in which the author can be spoken to.
    languages: Vec<Language>,
    /// What it may cost.
    budget: Option<MoneyView>,
    /// Until when proposals are welcome.
    deadline: Option<DateTime<Utc>>,
    /// How many partners may open it, for its author; null for any number.
    #[schema(minimum = 1, maximum = 1000)]
    opening_cap: Option<i32>,
    /// How it ended, if it was closed.
    outcome: Option<TenderOutcome>,
    /// The proposal that was chosen, for its author.
    selected_proposal_id: Option<ProposalId>,
    /// When it was submitted.
    created_at: DateTime<Utc>,
    /// When it opened.
    opened_at: Option<DateTime<Utc>>,
    /// When it ends by itself.
    expires_at: DateTime<Utc>,
    /// When its author ended it.
    concluded_at: Option<DateTime<Utc>>,
    /// What this caller may do now.
    available_actions: Vec<TenderAction>,
}

impl TenderView {
    pub fn without_contact(self) -> Self {
        Self {
            contact: None,
            ..self
        }
    }
}

/// Who reads a tender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    Author,
    /// Somebody of a partner: an extract, or all of it in the answer to the act of opening.
    Partner {
        opening: bool,
        has_opened: bool,
        has_proposed: bool,
    },
}

pub fn view(tender: &Tender, topics: &Topics, reader: Reader, now: NaiveDateTime) -> TenderView {
    let status = tender.status_at(now);
    let (is_author, whole) = match reader {
        Reader::Author => (true, true),
        Reader::Partner { opening, .. } => (false, opening),
    };
    let subject = match whole {
        true => tender.subject.clone(),
        false => tender::without_contact(&tender.subject),
    };
    TenderView {
        id: tender.id,
        status,
        subject,
        extract: tender::extract(&tender.description),
        description: whole.then(|| tender.description.clone()),
        contact: whole.then(|| TenderContactView {
            name: tender.contact_name.clone(),
            email: tender.contact_email.clone(),
            phone: tender.contact_phone.clone(),
        }),
        organization_id: tender.organization_id.filter(|_| is_author),
        families: topics.families.iter().cloned().collect(),
        region: topics.region.clone(),
        languages: topics.languages.iter().copied().collect(),
        budget: tender.budget().map(Into::into),
        deadline: tender.deadline.map(|at| at.and_utc()),
        opening_cap: tender.opening_cap.filter(|_| is_author),
        outcome: tender.outcome,
        selected_proposal_id: tender.selected_id.filter(|_| is_author),
        created_at: tender.created_at.and_utc(),
        opened_at: tender.opened_at.map(|at| at.and_utc()),
        expires_at: tender.expires_at.and_utc(),
        concluded_at: tender.concluded_at.map(|at| at.and_utc()),
        available_actions: actions(status, reader),
    }
}

fn actions(status: TenderStatus, reader: Reader) -> Vec<TenderAction> {
    use TenderAction::*;
    match (reader, status) {
        (Reader::Author, TenderStatus::PendingConfirmation) => vec![Confirm, Cancel],
        (Reader::Author, TenderStatus::Open) => vec![Cancel, Close, Select, Answer],
        (Reader::Author, TenderStatus::Awarded | TenderStatus::Closed) => vec![Cancel],
        (Reader::Author, TenderStatus::Expired | TenderStatus::Cancelled) => Vec::new(),
        (
            Reader::Partner {
                has_opened,
                has_proposed,
                ..
            },
            TenderStatus::Open,
        ) => match (has_opened, has_proposed) {
            (false, _) => vec![Open],
            (true, false) => vec![Open, Propose, Ask],
            (true, true) => vec![Open, Ask],
        },
        (
            Reader::Partner { .. },
            TenderStatus::PendingConfirmation
            | TenderStatus::Awarded
            | TenderStatus::Closed
            | TenderStatus::Expired
            | TenderStatus::Cancelled,
        ) => Vec::new(),
    }
}

/// One tender, as its author sees it.
pub fn for_author(tx: &mut Tx, tender: &Tender) -> Result<TenderView> {
    let topics = model::topics(tx, &[(tender.id, tender.region.clone())])?;
    let topics = topics.get(&tender.id).cloned().unwrap_or_default();
    Ok(view(tender, &topics, Reader::Author, tx.now))
}

/// One tender, as a side sees it; `opening` while a partner opens it.
pub fn for_side(tx: &mut Tx, tender: &Tender, side: &Side, opening: bool) -> Result<TenderView> {
    match side {
        Side::Author => for_author(tx, tender),
        Side::Partners(partners) => {
            let (mut has_opened, mut has_proposed) = (false, false);
            for partner in partners {
                has_opened |= !viewings::opened_by(tx, *partner, &[tender.id])?.is_empty();
                has_proposed |= !proposals::answered_by(tx, *partner, &[tender.id])?.is_empty();
            }
            let reader = Reader::Partner {
                opening,
                has_opened,
                has_proposed,
            };
            let topics = model::topics(tx, &[(tender.id, tender.region.clone())])?;
            let topics = topics.get(&tender.id).cloned().unwrap_or_default();
            Ok(view(tender, &topics, reader, tx.now))
        }
    }
}

/// Which tenders a partner wants told of.
#[derive(Serialize, ToSchema)]
#[schema(as = TenderPreferences)]
pub struct TenderPreferencesView {
    /// Whether it wants any.
    wanted: bool,
    /// Only of these product families; none for all.
    #[schema(example = json!(["web_hosting"]))]
    families: Vec<String>,
    /// Only from these countries or subdivisions; none for all.
    #[schema(example = json!(["CH", "FR-74"]))]
    regions: Vec<String>,
    /// Only where one of these languages is spoken; none for all.
    languages: Vec<Language>,
    /// Counts the changes; 0 where nothing was ever said.
    #[schema(minimum = 0, maximum = 2147483647)]
    pub version: i32,
}

pub fn preferences(tx: &mut Tx, partner: OrganizationId) -> Result<TenderPreferencesView> {
    let (said, version) = matches::preferences(tx, &[partner])?
        .remove(&partner)
        .unwrap_or_default();
    Ok(TenderPreferencesView {
        wanted: said.wanted,
        families: said.families.into_iter().collect(),
        regions: said.regions.into_iter().collect(),
        languages: said.languages.into_iter().collect(),
        version,
    })
}

/// Who opened a tender, and when.
#[derive(Serialize, ToSchema)]
#[schema(as = TenderViewing)]
pub struct TenderViewingView {
    /// Its id.
    pub id: TenderViewingId,
    /// The partner that looked.
    partner: OrganizationNameView,
    /// When it looked.
    viewed_at: DateTime<Utc>,
}

pub fn viewings(tx: &mut Tx, rows: Vec<Viewing>) -> Result<Vec<TenderViewingView>> {
    let names = names(tx, rows.iter().map(|row| row.partner_id))?;
    let view = |row: Viewing| TenderViewingView {
        id: row.id,
        partner: named(&names, row.partner_id),
        viewed_at: row.viewed_at.and_utc(),
    };
    Ok(rows.into_iter().map(view).collect())
}

/// What can be done to a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProposalAction {
    Revise,
    Withdraw,
    Select,
}

/// A partner's answer to a tender.
#[derive(Serialize, ToSchema)]
#[schema(as = Proposal)]
pub struct ProposalView {
    /// Its id.
    pub id: ProposalId,
    /// The tender it answers.
    tender_id: TenderId,
    /// The partner that made it.
    partner: OrganizationNameView,
    /// What became of it.
    status: ProposalStatus,
    /// What the partner offers.
    #[schema(example = "We would build your shop in three weeks.")]
    text: String,
    /// For how much.
    price: Option<MoneyView>,
    /// The last day on which the offer holds.
    valid_until: NaiveDate,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last revised.
    revised_at: Option<DateTime<Utc>>,
    /// What this caller may do now.
    available_actions: Vec<ProposalAction>,
}

/// Proposals of one tender, as the author or their makers see them.
pub fn proposals(
    tx: &mut Tx,
    rows: &[Proposal],
    tender: &Tender,
    for_author: bool,
) -> Result<Vec<ProposalView>> {
    let open = tender.status_at(tx.now) == TenderStatus::Open;
    let names = names(tx, rows.iter().map(|row| row.partner_id))?;
    let actions = |row: &Proposal| match (open, row.status, for_author) {
        (true, ProposalStatus::Submitted, true) => vec![ProposalAction::Select],
        (true, ProposalStatus::Submitted, false) => {
            vec![ProposalAction::Revise, ProposalAction::Withdraw]
        }
        (
            true,
            ProposalStatus::Withdrawn | ProposalStatus::Selected | ProposalStatus::NotSelected,
            _,
        )
        | (false, _, _) => Vec::new(),
    };
    let view = |row: &Proposal| ProposalView {
        id: row.id,
        tender_id: row.tender_id,
        partner: named(&names, row.partner_id),
        status: row.status,
        text: row.text.clone(),
        price: row.price().map(Into::into),
        valid_until: row.valid_until,
        created_at: row.created_at.and_utc(),
        revised_at: row.revised_at.map(|at| at.and_utc()),
        available_actions: actions(row),
    };
    Ok(rows.iter().map(view).collect())
}

/// A question about a tender, with its answer.
#[derive(Serialize, ToSchema)]
#[schema(as = TenderQuestion)]
pub struct TenderQuestionView {
    /// Its id.
    pub id: TenderQuestionId,
    /// Who asks: for the author, and for those who asked it themselves.
    partner: Option<OrganizationNameView>,
    /// The question.
    #[schema(example = "Is there a logo already?")]
    text: String,
    /// The author's answer, for all who opened the tender.
    #[schema(example = "Yes, in print quality.")]
    answer: Option<String>,
    /// When it was asked.
    asked_at: DateTime<Utc>,
    /// When it was answered.
    answered_at: Option<DateTime<Utc>>,
}

/// Questions, as a side sees them: no partner learns who else asks.
pub fn questions(tx: &mut Tx, rows: Vec<Question>, side: &Side) -> Result<Vec<TenderQuestionView>> {
    let names = names(tx, rows.iter().map(|row| row.partner_id))?;
    let told = |partner: &OrganizationId| match side {
        Side::Author => true,
        Side::Partners(own) => own.contains(partner),
    };
    let view = |row: Question| TenderQuestionView {
        id: row.id,
        partner: Some(row.partner_id)
            .filter(told)
            .map(|partner| named(&names, partner)),
        text: row.text,
        answer: row.answer,
        asked_at: row.asked_at.and_utc(),
        answered_at: row.answered_at.map(|at| at.and_utc()),
    };
    Ok(rows.into_iter().map(view).collect())
}

fn names(
    tx: &mut Tx,
    of: impl Iterator<Item = OrganizationId>,
) -> Result<BTreeMap<OrganizationId, String>> {
    organizations::model::names(tx, &of.collect::<BTreeSet<_>>())
}

fn named(names: &BTreeMap<OrganizationId, String>, id: OrganizationId) -> OrganizationNameView {
    OrganizationNameView {
        id,
        name: names.get(&id).cloned().unwrap_or_default(),
    }
}
