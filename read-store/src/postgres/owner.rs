//! Whose read models a server has: those of the log with this first event.

use super::{PostgresStore, generations::column};
use crate::StoreError;
use uuid::Uuid;

const DOING: &str = "asking whose read models these are";
const CLAIM: &str = "WITH claimed AS (INSERT INTO daybook_read.log (first_event) VALUES ($1) ON CONFLICT DO NOTHING RETURNING first_event) \
                     SELECT first_event FROM claimed UNION ALL SELECT first_event FROM daybook_read.log";

impl PostgresStore {
    /// Takes the store for the log whose first event is `ours`, unless it is another's. Blocks.
    pub fn claim(&self, ours: Uuid) -> Result<(), StoreError> {
        let shared = self.shared.clone();
        let found = self.shared.bridge.wait(async move {
            let rows = shared.writing.ask(DOING, || sqlx::query(CLAIM).bind(ours)).await?;
            rows.first().map(|row| column(row, 0)).transpose()
        })?;
        self.refuse_other(ours, found)
    }

    /// An error if the store belongs to the log that begins with `found`, and ours does not.
    pub fn refuse_other(&self, ours: Uuid, found: Option<Uuid>) -> Result<(), StoreError> {
        match found {
            Some(found) if ours != found => {
                Err(StoreError::OtherLog { place: self.place().to_owned(), found })
            }
            _ => Ok(()),
        }
    }
}
