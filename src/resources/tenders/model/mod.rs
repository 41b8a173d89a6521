//! The rows of tenders, and who sees one.
pub mod matches;
pub mod proposals;
pub mod questions;
pub mod viewings;

use crate::db::prepared::Among;
use crate::db::schema::{
    enrolment_states, memberships, proposals as offers, tender_families, tender_languages,
    tender_links, tenders, users,
};
use crate::db::witness::{self, Identity, NOBODY};
use crate::db::{Tx, insert_all};
use crate::domain::enrolment::EnrolmentState;
use crate::domain::id::{MemberId, OrganizationId, ProposalId, TenderId, UserId};
use crate::domain::locale::Language;
use crate::domain::money::{Currency, Money};
use crate::domain::organization::Role;
use crate::domain::policy::{self, Action, Decision, Ruling, Standing};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::tender::{TenderAct, TenderOutcome, TenderStatus, Topics};
use crate::error::Result;
use crate::secret;
use chrono::NaiveDateTime;
use diesel::dsl::exists;
use diesel::prelude::*;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = tenders)]
pub struct Tender {
    pub id: TenderId,
    /// As it was last decided: [`Tender::status_at`] says how it stands.
    status: TenderStatus,
    pub organization_id: Option<OrganizationId>,
    pub author_id: Option<UserId>,
    pub subject: String,
    pub description: String,
    pub region: String,
    budget_minor: Option<i64>,
    budget_currency: Option<Currency>,
    pub deadline: Option<NaiveDateTime>,
    pub contact_name: String,
    pub contact_email: String,
    pub contact_phone: String,
    pub language: Language,
    pub opening_cap: Option<i32>,
    pub outcome: Option<TenderOutcome>,
    pub selected_id: Option<ProposalId>,
    pub opened_at: Option<NaiveDateTime>,
    pub concluded_at: Option<NaiveDateTime>,
    pub expires_at: NaiveDateTime,
    pub version: i32,
    pub created_at: NaiveDateTime,
}

impl Tender {
    pub fn status_at(&self, now: NaiveDateTime) -> TenderStatus {
        self.status.at(self.expires_at, now)
    }

    pub fn budget(&self) -> Option<Money> {
        money(self.budget_minor, self.budget_currency)
    }
}

/// What two columns hold.
fn money(minor: Option<i64>, currency: Option<Currency>) -> Option<Money> {
    minor
        .zip(currency)
        .map(|(minor, currency)| Money { minor, currency })
}

/// A tender to write.
pub struct New<'a> {
    pub organization: Option<OrganizationId>,
    pub author: Option<UserId>,
    pub subject: &'a str,
    pub description: &'a str,
    pub topics: &'a Topics,
    pub budget: Option<Money>,
    pub deadline: Option<NaiveDateTime>,
    pub contact: (&'a str, &'a str, &'a str),
    pub language: Language,
    pub opening_cap: Option<i32>,
    pub expires_at: NaiveDateTime,
}

#[derive(Insertable)]
#[diesel(table_name = tender_families, treat_none_as_default_value = false)]
struct FamilyRow<'a> {
    tender_id: TenderId,
    family: &'a str,
}

#[derive(Insertable)]
#[diesel(table_name = tender_languages, treat_none_as_default_value = false)]
struct LanguageRow {
    tender_id: TenderId,
    language: Language,
}

/// Writes a tender that waits for its confirmation.
pub fn insert(tx: &mut Tx, new: &New) -> Result<Tender> {
    let id: TenderId = tx.new_id()?;
    let (name, email, phone) = new.contact;
    diesel::insert_into(tenders::table)
        .values((
            tenders::id.eq(id),
            tenders::status.eq(TenderStatus::PendingConfirmation),
            tenders::organization_id.eq(new.organization),
            tenders::author_id.eq(new.author),
            tenders::subject.eq(new.subject),
            tenders::description.eq(new.description),
            tenders::region.eq(&new.topics.region),
            tenders::budget_minor.eq(new.budget.map(|budget| budget.minor)),
            tenders::budget_currency.eq(new.budget.map(|budget| budget.currency)),
            tenders::deadline.eq(new.deadline),
            tenders::contact_name.eq(name),
            tenders::contact_email.eq(email),
            tenders::contact_phone.eq(phone),
            tenders::language.eq(new.language),
            tenders::opening_cap.eq(new.opening_cap),
            tenders::expires_at.eq(new.expires_at),
            tenders::created_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    let families: Vec<FamilyRow> = new
        .topics
        .families
        .iter()
        .map(|family| FamilyRow {
            tender_id: id,
            family,
        })
        .collect();
    insert_all!(tx, tender_families::table, &families);
    let languages: Vec<LanguageRow> = new
        .topics
        .languages
        .iter()
        .map(|language| LanguageRow {
            tender_id: id,
            language: *language,
        })
        .collect();
    insert_all!(tx, tender_languages::table, &languages);
    row(tx, id)
}

pub fn row(tx: &mut Tx, id: TenderId) -> Result<Tender> {
    if_there(tx, id)?.ok_or_else(|| Refusal::not_found().into())
}

pub fn if_there(tx: &mut Tx, id: TenderId) -> Result<Option<Tender>> {
    Ok(tenders::table
        .find(id)
        .select(Tender::as_select())
        .first(tx.conn)
        .optional()?)
}

/// What each of these tenders is about.
pub fn topics(tx: &mut Tx, of: &[(TenderId, String)]) -> Result<BTreeMap<TenderId, Topics>> {
    let ids: Vec<TenderId> = of.iter().map(|(id, _)| *id).collect();
    let mut found: BTreeMap<TenderId, Topics> = of
        .iter()
        .map(|(id, region)| {
            let topics = Topics {
                region: region.clone(),
                ..Topics::default()
            };
            (*id, topics)
        })
        .collect();
    let families: Vec<(TenderId, String)> = tender_families::table
        .filter(tender_families::tender_id.among(&ids))
        .select((tender_families::tender_id, tender_families::family))
        .load(tx.conn)?;
    for (id, family) in families {
        if let Some(topics) = found.get_mut(&id) {
            topics.families.insert(family);
        }
    }
    let languages: Vec<(TenderId, Language)> = tender_languages::table
        .filter(tender_languages::tender_id.among(&ids))
        .select((tender_languages::tender_id, tender_languages::language))
        .load(tx.conn)?;
    for (id, language) in languages {
        if let Some(topics) = found.get_mut(&id) {
            topics.languages.insert(language);
        }
    }
    Ok(found)
}

/// A new link for a mail to the author; those sent before live on.
pub fn new_link(tx: &mut Tx, tender: TenderId) -> Result<String> {
    let (token, hash) = secret::new_token()?;
    diesel::insert_into(tender_links::table)
        .values((
            tender_links::hash.eq(hash),
            tender_links::tender_id.eq(tender),
            tender_links::created_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(token)
}

/// The tender whose author holds this link.
pub fn by_token(tx: &mut Tx, token: &str) -> Result<Tender> {
    tender_links::table
        .inner_join(tenders::table.on(tenders::id.eq(tender_links::tender_id)))
        .filter(tender_links::hash.eq(secret::token_hash(token)))
        .select(Tender::as_select())
        .first(tx.conn)
        .optional()?
        .ok_or_else(|| Refusal::not_found().into())
}

/// What an act of the author writes beside the new status.
pub enum Deed {
    Confirm { expires_at: NaiveDateTime },
    Award(ProposalId),
    Close(TenderOutcome),
    Cancel,
}

impl Deed {
    pub fn act(&self) -> TenderAct {
        match self {
            Self::Confirm { .. } => TenderAct::Confirm,
            Self::Award(_) => TenderAct::Award,
            Self::Close(_) => TenderAct::Close,
            Self::Cancel => TenderAct::Cancel,
        }
    }
}

/// Does it, if the tender's state lets it; none if nothing changes by it any more.
pub fn act(tx: &mut Tx, tender: &Tender, deed: &Deed) -> Result<Option<Tender>> {
    let before = tender.status_at(tx.now);
    let after = before.after(deed.act())?;
    if after == before {
        return Ok(None);
    }
    let changed = diesel::update(tenders::table.find(tender.id));
    let common = (
        tenders::status.eq(after),
        tenders::version.eq(tender.version + 1),
    );
    match deed {
        Deed::Confirm { expires_at } => changed
            .set((
                common,
                tenders::opened_at.eq(tx.now),
                tenders::expires_at.eq(expires_at),
            ))
            .execute(tx.conn)?,
        Deed::Award(proposal) => changed
            .set((
                common,
                tenders::selected_id.eq(proposal),
                tenders::concluded_at.eq(tx.now),
            ))
            .execute(tx.conn)?,
        Deed::Close(outcome) => changed
            .set((
                common,
                tenders::outcome.eq(outcome),
                tenders::concluded_at.eq(tx.now),
            ))
            .execute(tx.conn)?,
        Deed::Cancel => changed
            .set((common, tenders::concluded_at.eq(tx.now)))
            .execute(tx.conn)?,
    };
    row(tx, tender.id).map(Some)
}

/// Refuses an invitation in the name of a tender that was not awarded to this partner, or that is
/// neither this customer's nor the user's own (TND-5).
pub fn must_be_won(
    tx: &mut Tx,
    user: UserId,
    id: TenderId,
    (customer, partner): (OrganizationId, OrganizationId),
) -> Result<()> {
    let won: Option<Tender> = tenders::table
        .inner_join(offers::table.on(offers::id.nullable().eq(tenders::selected_id)))
        .filter(tenders::id.eq(id))
        .filter(tenders::status.eq(TenderStatus::Awarded))
        .filter(offers::partner_id.eq(partner))
        .select(Tender::as_select())
        .first(tx.conn)
        .optional()?;
    // Looked up for whatever was found: the time an answer takes tells nobody what exists (ACC-3).
    let address = won.as_ref().map_or("", |won| &won.contact_email);
    let addressed = has_address(tx, user, address)?;
    let theirs = won.is_some_and(|won| match won.organization_id {
        Some(organization) => organization == customer,
        None => won.author_id == Some(user) || addressed,
    });
    match theirs {
        true => Ok(()),
        false => Err(Refusal::fault("/tender_id", "unknown", "TND-5").into()),
    }
}

/// Whether the user signs in with this address, and has shown that it is the user's own.
pub fn has_address(tx: &mut Tx, user: UserId, address: &str) -> Result<bool> {
    let owner = users::table
        .find(user)
        .filter(users::email.eq(address))
        .filter(users::verified_at.is_not_null());
    Ok(diesel::select(exists(owner)).get_result(tx.conn)?)
}

/// On which side of a tender the caller stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    Author,
    /// Its partners that see the tender: one, unless the caller works for several.
    Partners(Vec<OrganizationId>),
}

impl Side {
    /// What only the author does.
    pub fn must_be_author(&self) -> Result<()> {
        match self {
            Self::Author => Ok(()),
            Self::Partners(_) => Err(Refusal::by(Code::Forbidden, "TND-5").into()),
        }
    }

    /// The partner that acts: the one that is named, or the only one there is.
    pub fn partner(&self, named: Option<OrganizationId>) -> Result<OrganizationId> {
        match (self, named) {
            (Self::Author, _) => Err(Refusal::by(Code::Forbidden, "TND-4").into()),
            (Self::Partners(partners), None) => match partners.as_slice() {
                [only] => Ok(*only),
                _ => Err(Refusal::fault("/organization_id", "required", "TND-3").into()),
            },
            (Self::Partners(partners), Some(named)) => match partners.contains(&named) {
                true => Ok(named),
                false => Err(Refusal::fault("/organization_id", "unknown", "TND-3").into()),
            },
        }
    }
}

/// A tender as the caller sees it: its author always, a partner while it is open and was told of
/// it; nobody else.
pub fn find(tx: &mut Tx, identity: &Identity, id: TenderId) -> Result<(Tender, Side)> {
    let tender = if_there(tx, id)?;
    if is_author(tx, identity, tender.as_ref())? {
        let tender = tender.ok_or_else(Refusal::not_found)?;
        return Ok((tender, Side::Author));
    }
    // Asked however it stands, and whether it is there: the time this takes tells nobody.
    let mut partners = Vec::new();
    for partner in answering(tx, identity.user)? {
        if partner.approved && matches::sees(tx, partner.organization, id)? {
            partners.push(partner.organization);
        }
    }
    let open = |tender: &Tender| tender.status_at(tx.now) == TenderStatus::Open;
    let tender = tender
        .filter(open)
        .filter(|_| !partners.is_empty())
        .ok_or_else(Refusal::not_found)?;
    Ok((tender, Side::Partners(partners)))
}

/// A tender of an organization is its administrators', one of nobody's the user's who wrote it, and
/// one that is not there nobody's.
pub fn is_author(tx: &mut Tx, identity: &Identity, tender: Option<&Tender>) -> Result<bool> {
    let organization = tender.and_then(|tender| tender.organization_id);
    let found = witness::organization(tx, identity, organization.unwrap_or(NOBODY))?;
    let manages = policy::decide(&found.standings, Action::ManageTenders);
    let wrote = tender.is_some_and(|tender| tender.author_id == Some(identity.user));
    Ok(match organization {
        Some(_) => matches!(manages, Decision::Granted(..)),
        None => wrote,
    })
}

/// An organization for which the caller may answer tenders, if it is a partner.
pub struct Answering {
    pub organization: OrganizationId,
    pub approved: bool,
}

pub fn answering(tx: &mut Tx, user: UserId) -> Result<Vec<Answering>> {
    let approved = enrolment_states::table.on(enrolment_states::organization_id
        .eq(memberships::organization_id)
        .and(enrolment_states::state.eq(EnrolmentState::Approved))
        .and(enrolment_states::valid_to.is_null()));
    let rows: Vec<(OrganizationId, MemberId, Role, bool, Option<EnrolmentState>)> =
        memberships::table
            .left_join(approved)
            .filter(memberships::user_id.eq(user))
            .filter(memberships::valid_to.is_null())
            .select((
                memberships::organization_id,
                memberships::id,
                memberships::role,
                memberships::may_order,
                enrolment_states::state.nullable(),
            ))
            .load(tx.conn)?;
    let may = |(organization, member, role, may_order, approved)| {
        let standing = Standing::Member {
            member,
            role,
            may_order,
        };
        matches!(
            policy::judge(&standing, Action::AnswerTenders),
            Ruling::Granted(_)
        )
        .then_some(Answering {
            organization,
            approved: Option::<EnrolmentState>::is_some(&approved),
        })
    };
    Ok(rows.into_iter().filter_map(may).collect())
}
