//! The rows of profiles, and the words that they are found by.
use crate::db::prepared::Among;
use crate::db::schema::{directory_words, organizations, partner_profile_items, partner_profiles};
use crate::db::{Tx, insert_all};
use crate::domain::directory::{Profile, ProfileItem, country_of, folded_words};
use crate::domain::id::OrganizationId;
use crate::error::Result;
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = partner_profiles)]
pub struct ProfileRow {
    pub organization_id: OrganizationId,
    pub listed: bool,
    pub description: String,
    pub website: Option<String>,
    pub version: i32,
}

#[derive(Insertable)]
#[diesel(table_name = partner_profile_items, treat_none_as_default_value = false)]
struct ItemRow<'a> {
    organization_id: OrganizationId,
    kind: ProfileItem,
    position: i32,
    item: &'a str,
    part_of: Option<&'a str>,
}

#[derive(Insertable)]
#[diesel(table_name = directory_words, treat_none_as_default_value = false)]
struct WordRow {
    word: Vec<u8>,
    organization_id: OrganizationId,
}

impl ProfileRow {
    /// Before a partner has said anything of itself.
    pub fn empty(organization: OrganizationId) -> Self {
        Self {
            organization_id: organization,
            listed: false,
            description: String::new(),
            website: None,
            version: 0,
        }
    }
}

pub fn find(tx: &mut Tx, organization: OrganizationId) -> Result<Option<ProfileRow>> {
    Ok(partner_profiles::table
        .find(organization)
        .select(ProfileRow::as_select())
        .first(tx.conn)
        .optional()?)
}

/// What the profiles list, in one query.
pub fn items(
    tx: &mut Tx,
    organizations: &[OrganizationId],
) -> Result<BTreeMap<(OrganizationId, ProfileItem), Vec<String>>> {
    let rows: Vec<(OrganizationId, ProfileItem, String)> = partner_profile_items::table
        .filter(partner_profile_items::organization_id.among(organizations))
        .order(partner_profile_items::position)
        .select((
            partner_profile_items::organization_id,
            partner_profile_items::kind,
            partner_profile_items::item,
        ))
        .load(tx.conn)?;
    let mut found: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (organization, kind, item) in rows {
        found.entry((organization, kind)).or_default().push(item);
    }
    Ok(found)
}

/// Writes what a partner says of itself, in place of what it said before.
pub fn set(tx: &mut Tx, before: &ProfileRow, profile: &Profile) -> Result<()> {
    let organization = before.organization_id;
    let said = (
        partner_profiles::listed.eq(profile.listed),
        partner_profiles::description.eq(&profile.description),
        partner_profiles::website.eq(&profile.website),
        partner_profiles::version.eq(before.version + 1),
        partner_profiles::changed_at.eq(tx.now),
    );
    match before.version {
        0 => diesel::insert_into(partner_profiles::table)
            .values((partner_profiles::organization_id.eq(organization), said))
            .execute(tx.conn)?,
        _ => diesel::update(partner_profiles::table.find(organization))
            .set(said)
            .execute(tx.conn)?,
    };
    diesel::delete(partner_profile_items::table)
        .filter(partner_profile_items::organization_id.eq(organization))
        .execute(tx.conn)?;
    let lists = profile.items().into_iter().flat_map(|(kind, items)| {
        (0..).zip(items).map(move |(position, item)| ItemRow {
            organization_id: organization,
            kind,
            position,
            item,
            part_of: match kind {
                ProfileItem::Region => country_of(item),
                ProfileItem::Language | ProfileItem::Speciality | ProfileItem::Family => None,
            },
        })
    });
    let rows: Vec<ItemRow> = lists.collect();
    insert_all!(tx, partner_profile_items::table, &rows);
    index(tx, organization, &profile.text())
}

/// Lets a profile be found by its organization's new name, too.
pub fn renamed(tx: &mut Tx, organization: OrganizationId) -> Result<()> {
    let Some(row) = find(tx, organization)? else {
        return Ok(());
    };
    let specialities = items(tx, &[organization])?
        .remove(&(organization, ProfileItem::Speciality))
        .unwrap_or_default();
    let text = format!("{} {}", row.description, specialities.join(" "));
    index(tx, organization, &text)
}

fn index(tx: &mut Tx, organization: OrganizationId, text: &str) -> Result<()> {
    let name: String = organizations::table
        .find(organization)
        .select(organizations::name)
        .first(tx.conn)?;
    diesel::delete(directory_words::table)
        .filter(directory_words::organization_id.eq(organization))
        .execute(tx.conn)?;
    let words: BTreeSet<String> = folded_words(&format!("{name} {text}"));
    let rows: Vec<WordRow> = words
        .into_iter()
        .map(|word| WordRow {
            word: word.into_bytes(),
            organization_id: organization,
        })
        .collect();
    insert_all!(tx, directory_words::table, &rows);
    Ok(())
}
