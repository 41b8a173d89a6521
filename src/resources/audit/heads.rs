//! The signed heads that are kept in a file elsewhere, so that a log that was cut off shows it.
use super::chain::Head;
use crate::error::{Error, Result};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};

/// The last head in the file; none where no file is named or none was written yet.
pub fn last_kept(file: &str) -> Result<Option<Head>> {
    if file.is_empty() {
        return Ok(None);
    }
    match fs::read_to_string(file) {
        Ok(text) => text.lines().last().map(str::parse).transpose(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::internal(format!("{file}: {error}"))),
    }
}

/// Adds a head to the file, unless it is the last one there.
pub fn keep(file: &str, head: &Head) -> Result<()> {
    if last_kept(file)?.as_ref() == Some(head) {
        return Ok(());
    }
    let open = OpenOptions::new().create(true).append(true).open(file);
    open.and_then(|mut open| {
        writeln!(open, "{head}")?;
        open.sync_all()
    })
    .map_err(|error| Error::internal(format!("{file}: {error}")))
}
