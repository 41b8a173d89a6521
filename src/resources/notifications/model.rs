//! What a person wants by mail, and the link by which it is turned off.
use crate::db::Tx;
use crate::db::schema::notification_preferences;
use crate::domain::id::UserId;
use crate::domain::mail::NotificationCategory;
use crate::error::Result;
use crate::secret::{Keyring, Purpose};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use diesel::prelude::*;

/// What this user has chosen; where nothing was chosen, mails come.
pub fn preferences(tx: &mut Tx, user: UserId) -> Result<Vec<(NotificationCategory, bool)>> {
    let chosen: Vec<(NotificationCategory, bool)> = notification_preferences::table
        .filter(notification_preferences::user_id.eq(user))
        .select((
            notification_preferences::category,
            notification_preferences::by_mail,
        ))
        .load(tx.conn)?;
    let of = |category: NotificationCategory| {
        let chosen = chosen.iter().find(|(known, _)| *known == category);
        (category, chosen.is_none_or(|(_, by_mail)| *by_mail))
    };
    Ok(NotificationCategory::ALL.iter().copied().map(of).collect())
}

/// Writes a choice over the one before.
pub fn choose(
    tx: &mut Tx,
    user: UserId,
    category: NotificationCategory,
    by_mail: bool,
) -> Result<()> {
    let changed = diesel::update(notification_preferences::table.find((user, category)))
        .set(notification_preferences::by_mail.eq(by_mail))
        .execute(tx.conn)?;
    if changed == 0 {
        diesel::insert_into(notification_preferences::table)
            .values((
                notification_preferences::user_id.eq(user),
                notification_preferences::category.eq(category),
                notification_preferences::by_mail.eq(by_mail),
            ))
            .execute(tx.conn)?;
    }
    Ok(())
}

/// What the link in a mail carries: whose mails of which kind. Sealed, so that nobody makes one up.
pub fn unsubscribe_token(
    keys: &Keyring,
    user: UserId,
    category: NotificationCategory,
) -> Result<String> {
    let plain = [user.bytes().as_slice(), category.as_str().as_bytes()].concat();
    Ok(URL_SAFE_NO_PAD.encode(keys.seal(Purpose::Unsubscribe, &plain)?))
}

/// None for a token that is not ours.
pub fn read_unsubscribe_token(
    keys: &Keyring,
    token: &str,
) -> Option<(UserId, NotificationCategory)> {
    let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
    let plain = keys.open(Purpose::Unsubscribe, &sealed).ok()?;
    let (user, category) = plain.split_at_checked(16)?;
    let category = NotificationCategory::parse(std::str::from_utf8(category).ok()?)?;
    Some((UserId::from_bytes(user.try_into().ok()?), category))
}
