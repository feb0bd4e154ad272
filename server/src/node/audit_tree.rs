//! Opens the Merkle tree over the log in the data directory. `daybook_audit` keeps it up to date, in a thread of its own.

use daybook_audit::{AuditError, AuditTree};
use std::{path::Path, sync::Arc};
use uuid::Uuid;

/// Opens the tree in `folder`; a key made now is named `origin`, or by chance. The name stays with the key.
pub(crate) fn open_audit_tree(folder: &Path, origin: Option<&str>) -> Result<Arc<AuditTree>, AuditError> {
    let by_chance = || {
        let chance = Uuid::new_v4().simple().to_string();
        format!("daybook/{}", chance.get(..12).unwrap_or(&chance))
    };
    let named = origin.map_or_else(by_chance, str::to_owned);
    let tree = AuditTree::open(folder, &named)?;
    if let Some(wanted) = origin
        && tree.public_key().name() != wanted
    {
        tracing::warn!(
            wanted,
            name = tree.public_key().name(),
            "checkpoints are signed under the name the key was made with; to change it, move the audit folder away and begin a new one"
        );
    }
    Ok(Arc::new(tree))
}
