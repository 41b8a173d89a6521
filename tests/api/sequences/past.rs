//! The past, asked again: whatever has happened since, it answers what was seen then (PSH-8, ACC-7).
use super::reach::Check;
use super::time::written;
use super::views::{Read, items, without_words};
use super::{Game, Outcome};
use chrono::NaiveDateTime;
use proptest::prelude::*;
use serde_json::Value;

/// What was read after one step: lists, single partnerships and scopes, and access checks.
pub struct Seen {
    pub at: NaiveDateTime,
    pub read: Vec<Read>,
    pub checks: Vec<(usize, Vec<Check>)>,
}

impl Game<'_> {
    /// Asks about an earlier step, a different one at each.
    pub async fn past_agrees(&self) -> Outcome<()> {
        let Some(last) = self.past.len().checked_sub(1) else {
            return Ok(());
        };
        let turn = self.figures.steps;
        let seen = &self.past[(turn * 7 + 3) % (last + 1)];
        let as_of = written(seen.at);
        // The first two are both sides' lists: one of them, in turn.
        let read = seen.read.iter().enumerate();
        for (_, (who, path, read)) in read.filter(|(number, _)| *number != turn % 2) {
            let mark = if path.contains('?') { '&' } else { '?' };
            let path = format!("{path}{mark}as_of={as_of}");
            let answer = self.cast.get(*who, &path).await?;
            let (again, read) = (then(answer.body), then(read.clone()));
            prop_assert!(again == read, "{path}\nanswers {again:#}\nand did {read:#}");
        }
        if let Some((who, checks)) = seen.checks.get(turn % seen.checks.len().max(1)) {
            let answers = self.put(*who, checks, Some(&as_of)).await?;
            for (check, allowed) in checks.iter().zip(answers) {
                // What was allowed by a place that one has lost since is not told any more.
                let mut places = check.allowed_by.iter();
                let expected = places.any(|place| self.may_look_back(*who, *place));
                prop_assert_eq!(allowed, expected, "as of {}: {}", as_of, check.question);
            }
        }
        Ok(())
    }
}

/// What belongs to the instant: not what the caller may do now, nor the count of changes by now.
fn then(body: Value) -> Value {
    let plain = |one: Value| {
        let mut one = without_words(one);
        if let Some(fields) = one.as_object_mut() {
            fields.shift_remove("available_actions");
            fields.shift_remove("version");
        }
        one
    };
    match body {
        Value::Array(items) => items.into_iter().map(plain).collect(),
        body if body.get("items").is_some() => items(&body).into_iter().map(plain).collect(),
        body => plain(body),
    }
}
