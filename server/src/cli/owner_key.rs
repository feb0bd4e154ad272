//! The key that makes the others: made at the first start, in a file that only its user may read.

use crate::Daybook;
use anyhow::{Context as _, bail};
use daybook_api::KeyText;
use daybook_domain::{
    Actor, Command, KeyListId, Rejection,
    access::{AccessCommand, AccessRejection, CreateKey, KeyRole},
};
use daybook_engine::{CommandError, CommandRequest};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};
use uuid::Uuid;

const ACTOR: &str = "owner_key_file";

/// Makes sure that the key in the file is an owner's of this shop; without a file it makes both.
pub(super) async fn ensure_owner_key(daybook: &Daybook, file: &Path) -> anyhow::Result<()> {
    let shown = file.display();
    if !file.try_exists().with_context(|| format!("cannot look for {shown} (--owner-key-file)"))? {
        let made = KeyText::new(KeyText::id_of(Uuid::new_v4()), true);
        match write_new(file, &made) {
            Ok(()) => tracing::info!(file = %shown, key = ?made, "made an owner's key"),
            // Another node began at the same moment; its key is the shop's.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot write the owner's key to {shown}"));
            }
        }
    }
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {shown} (--owner-key-file)"))?;
    let key: KeyText =
        text.trim().parse().with_context(|| format!("{shown} (--owner-key-file) has no key in it"))?;
    if daybook.accepts(&key).await? {
        return Ok(());
    }
    let command = AccessCommand::CreateKey(CreateKey {
        key_id: key.key_id().clone(),
        name: format!("owner {}", key.key_id()),
        roles: vec![KeyRole::Owner],
        scopes: Vec::new(),
        secret_sha256: key.digest(),
        expires_at: None,
    });
    let command = Command::Access(KeyListId, command);
    let request = CommandRequest::new(command, Uuid::now_v7(), Actor::System(ACTOR.to_owned()));
    match daybook.engine().execute(request).await {
        // Two nodes may have begun at the same moment.
        Ok(_) | Err(CommandError::Rejected(Rejection::Access(AccessRejection::KeyExists { .. }))) => {}
        Err(error) => return Err(error).context("the owner's key could not be made known to the shop"),
    }
    if !daybook.accepts(&key).await? {
        bail!(
            "the shop does not take the key in {shown} any more: it was revoked, or has another secret now; remove the file to have a new one made"
        );
    }
    Ok(())
}

/// Readable by its user alone, whole from the moment it is there, and on disk before the shop knows it.
fn write_new(file: &Path, key: &KeyText) -> io::Result<()> {
    let mut unfinished = file.as_os_str().to_owned();
    unfinished.push(format!(".{}", Uuid::new_v4().simple()));
    let mut opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    let written = writeln!(opened, "{}", key.reveal())
        .and_then(|()| opened.sync_all())
        .and_then(|()| fs::hard_link(&unfinished, file));
    fs::remove_file(&unfinished)?;
    written
}
