//! The questions queries ask, each one statement, so that what it reads is as of one moment and costs one round trip.

use super::{PostgresRows, key, query_pool::QueryPool};
use crate::{
    Cursor, IdForm, IdPlace, Page, Row, RowContent, RowKind, StoreError,
    row::{Entry, Range, Walk},
};
use sqlx::{Row as _, postgres::PgRow};

const DOING: &str = "reading rows";

/// One row, to be found by its key.
pub(super) struct Find {
    text: String,
    id: FindBy,
    value: Value,
}

enum FindBy {
    View(String),
    Key(Vec<u8>),
}

/// How a row's value comes out.
#[derive(Clone, Copy)]
enum Value {
    Payload,
    /// The id that an entry leads to.
    Led(IdForm),
    Nothing,
}

impl Find {
    pub(super) async fn once(self, query_pool: &QueryPool) -> Result<Option<Vec<u8>>, StoreError> {
        let ask = || match &self.id {
            FindBy::View(id) => sqlx::query(&self.text).bind(id),
            FindBy::Key(key) => sqlx::query(&self.text).bind(key),
        };
        let found = query_pool.ask(DOING, ask).await?;
        found.first().map(|row| value(row, 0, self.value)).transpose()
    }
}

/// All rows of a kind.
pub(super) struct Scan {
    kind: &'static RowKind,
    id: Option<IdForm>,
    text: String,
    value: Value,
}

impl Scan {
    pub(super) async fn once(self, query_pool: &QueryPool) -> Result<Vec<Entry>, StoreError> {
        let rows = query_pool.ask(DOING, || sqlx::query(&self.text)).await?;
        let entry = |row: &PgRow| {
            let value = value(row, 1, self.value)?;
            let key = match self.id {
                Some(id) => PostgresRows::key_of(self.kind, id, row.try_get(0).map_err(unreadable)?)?,
                None => whole_key(self.kind, row, 0)?,
            };
            Ok((key, Row::from(value)))
        };
        rows.iter().map(entry).collect()
    }
}

impl PostgresRows {
    pub(crate) async fn get(&self, key: &[u8]) -> Result<Option<Row>, StoreError> {
        Ok(self.find(key)?.once(&self.shared.asking).await?.map(Row::from))
    }

    pub(super) fn find(&self, whole_key: &[u8]) -> Result<Find, StoreError> {
        let (kind, rest) = self.kind(whole_key)?;
        let table = self.table(kind);
        let by_key = FindBy::Key(key::fitting(rest));
        Ok(match kind.holds {
            RowContent::Views(id) => {
                let text = format!("SELECT payload::text FROM {table} WHERE view_id = $1");
                Find { text, id: FindBy::View(key::view_id(id, rest)?), value: Value::Payload }
            }
            RowContent::Records => {
                let text = format!("SELECT payload::text FROM {table} WHERE key = $1");
                Find { text, id: by_key, value: Value::Payload }
            }
            RowContent::Leads(to, place) => {
                let text = format!("SELECT view_id FROM {table} WHERE key = $1");
                Find { text, id: by_key, value: self.led_value(to, place)? }
            }
        })
    }

    pub(super) fn scan(&self, kind: &'static RowKind) -> Result<Scan, StoreError> {
        let table = self.table(kind);
        Ok(match kind.holds {
            RowContent::Views(id) => {
                let text = format!("SELECT view_id, payload::text FROM {table}");
                Scan { kind, id: Some(id), text, value: Value::Payload }
            }
            RowContent::Records => {
                let text = format!("SELECT coalesce(whole, key), payload::text FROM {table}");
                Scan { kind, id: None, text, value: Value::Payload }
            }
            RowContent::Leads(to, place) => {
                let text = format!("SELECT coalesce(whole, key), view_id FROM {table}");
                Scan { kind, id: None, text, value: self.led_value(to, place)? }
            }
        })
    }

    fn led_value(&self, to: u8, place: IdPlace) -> Result<Value, StoreError> {
        Ok(match place {
            IdPlace::EndOfKey => Value::Nothing,
            IdPlace::Value => Value::Led(self.ids(to)?.1),
        })
    }

    pub(crate) async fn led_by(&self, whole_key: &[u8]) -> Result<Option<Row>, StoreError> {
        let (kind, rest) = self.kind(whole_key)?;
        let RowContent::Leads(to, _) = kind.holds else {
            return Err(StoreError::damaged(whole_key, "it leads nowhere"));
        };
        let (entries, views, key) = (self.table(kind), self.table(self.ids(to)?.0), key::fitting(rest));
        let text = format!(
            "SELECT v.payload::text FROM {entries} e JOIN {views} v ON v.view_id = e.view_id WHERE e.key = $1"
        );
        let rows = self.shared.asking.ask(DOING, || sqlx::query(&text).bind(&key)).await?;
        rows.first().map(|row| value(row, 0, Value::Payload).map(Row::from)).transpose()
    }

    /// The row under `view` and the records under `prefix`.
    pub(crate) async fn with_entries(
        &self,
        view: &[u8],
        prefix: &[u8],
    ) -> Result<Option<(Row, Vec<Entry>)>, StoreError> {
        let ((kind, id), (of, rest)) = (self.kind(view)?, self.kind(prefix)?);
        let id = key::view_id(self.ids(kind.letter)?.1, id)?;
        let (views, records) = (self.table(kind), self.table(of));
        let (from, before) = key::bounds(rest);
        let text = format!(
            "SELECT NULL::bytea, payload::text FROM {views} WHERE view_id = $1 UNION ALL \
             SELECT coalesce(whole, key), payload::text FROM {records} WHERE key >= $2 AND key < $3"
        );
        let ask = || sqlx::query(&text).bind(&id).bind(&from).bind(&before);
        let (mut view, mut entries) = (None, Vec::new());
        for row in &self.shared.asking.ask(DOING, ask).await? {
            let payload = Row::from(value(row, 1, Value::Payload)?);
            match row.try_get::<Option<&[u8]>, _>(0).map_err(unreadable)? {
                None => view = Some(payload),
                Some(_) => entries.push((whole_key(of, row, 0)?, payload)),
            }
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries.retain(|(key, _)| key.starts_with(prefix));
        Ok(view.map(|view| (view, entries)))
    }

    pub(crate) async fn page(&self, range: Range<'_>, limit: usize) -> Result<Page, StoreError> {
        let (kind, prefix) = self.kind(range.prefix)?;
        let (mut from, mut before) = key::bounds(prefix);
        let (mut least, order) = (">=", if range.walk == Walk::Up { "ASC" } else { "DESC" });
        match (range.beyond(), range.walk) {
            (Some([_, key @ ..]), Walk::Up) => (from, least) = (key::fitting(key), ">"),
            (Some([_, key @ ..]), Walk::Down) => before = key::fitting(key),
            _ => {}
        }
        let entries = self.table(kind);
        let (joined, payload) = match kind.holds {
            RowContent::Leads(to, _) => {
                let views = self.table(self.ids(to)?.0);
                (format!("{entries} e JOIN {views} v ON v.view_id = e.view_id"), "v.payload")
            }
            _ => (format!("{entries} e"), "e.payload"),
        };
        let text = format!(
            "SELECT coalesce(e.whole, e.key), {payload}::text FROM {joined} WHERE e.key {least} $1 AND e.key < $2 \
             AND substring(coalesce(e.whole, e.key) for length($3)) = $3 ORDER BY e.key {order} LIMIT $4"
        );
        let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let ask = || sqlx::query(&text).bind(&from).bind(&before).bind(prefix).bind(one_more);
        let found = self.shared.asking.ask(DOING, ask).await?;
        let mut page = Page::empty();
        for row in found.iter().take(limit) {
            page.rows.push(Row::from(value(row, 1, Value::Payload)?));
        }
        if found.len() > limit
            && let Some(last) = limit.checked_sub(1).and_then(|last| found.get(last))
        {
            page.next = Some(Cursor::at(whole_key(kind, last, 0)?));
        }
        Ok(page)
    }

    pub(crate) async fn keys(
        &self,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let ((kind, from), (_, to)) = (self.kind(from)?, self.kind(to)?);
        let (from, to) = (key::fitting(from), key::fitting(to));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let text = format!(
            "SELECT coalesce(whole, key) FROM {} WHERE key >= $1 AND key < $2 ORDER BY key LIMIT $3",
            self.table(kind)
        );
        let ask = || sqlx::query(&text).bind(&from).bind(&to).bind(limit);
        let rows = self.shared.asking.ask(DOING, ask).await?;
        rows.iter().map(|row| whole_key(kind, row, 0)).collect()
    }
}

/// The key in a column, with its letter.
fn whole_key(kind: &RowKind, row: &PgRow, column: usize) -> Result<Vec<u8>, StoreError> {
    let rest: &[u8] = row.try_get(column).map_err(unreadable)?;
    Ok([&[kind.letter][..], rest].concat())
}

fn value(row: &PgRow, column: usize, value: Value) -> Result<Vec<u8>, StoreError> {
    Ok(match value {
        Value::Nothing => Vec::new(),
        Value::Payload => row.try_get::<String, _>(column).map_err(unreadable)?.into_bytes(),
        Value::Led(id) => key::id_bytes(id, row.try_get(column).map_err(unreadable)?)?,
    })
}

/// A column that is not what the tables were made with: somebody has changed them.
fn unreadable(error: sqlx::Error) -> StoreError {
    StoreError::Damaged { row: "on the server".to_owned(), detail: error.to_string() }
}
