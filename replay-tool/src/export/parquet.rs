//! Parquet: one folder per event type, with the fields of its payload as typed columns.
//!
//! A list with a table of its own has a row for each entry: the columns of its event, the entry's number, the fields of the
//! entry, and the entry as it was stored.
//!
//! Columns are those of the version that this program writes; events of older versions are lifted to it, so that they
//! have values there, too. The payload's own column has what was stored.
//!
//! Rows are collected and written column by column; a file appears under its name only when it is whole. Which
//! files there are, and how an export goes on, is not known here.

use super::{
    cells::{Cell, Column, cell},
    columns::{ENTRY, Field, Kind, fields},
};
use anyhow::Context as _;
use daybook_domain::Event;
use daybook_event_log::RecordedEvent;
use parquet::{
    basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel},
    file::{
        properties::{WriterProperties, WriterPropertiesPtr},
        writer::SerializedFileWriter,
    },
    schema::types::{Type, TypePtr},
};
use serde_json::Value;
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The columns that every table has, before and after those of the payload.
pub(super) const COMMON: [&str; 12] = [
    "position",
    "stream",
    "version",
    "event_id",
    "schema_version",
    "occurred_at",
    "recorded_at",
    "actor",
    "command_id",
    "correlation_id",
    "causation_id",
    "payload",
];

const SUFFIX: &str = "parquet";
const UNFINISHED: &str = "unfinished";

/// Rows of one row group: enough to compress well, few enough to hold one for each event type.
const GROUP_ROWS: usize = 32_768;
/// … or as many as have this many bytes of payload.
const GROUP_BYTES: usize = 16 << 20;

/// The file of one event type, being written.
pub(super) struct ParquetTable {
    unfinished: PathBuf,
    path: PathBuf,
    fields: Vec<Field>,
    /// The list whose entries are the rows; none: the events are.
    list: Option<&'static str>,
    lift: Lift,
    columns: Vec<Column>,
    rows: usize,
    payload_bytes: usize,
    writer: SerializedFileWriter<File>,
}

/// Lifts a payload to the version that the columns are of.
type Lift = fn(&RecordedEvent, Value) -> Value;

impl ParquetTable {
    /// Begins the file in `folder` for events of one type, or the entries of a list of theirs; this event is the first.
    pub(super) fn begin(
        folder: &Path,
        first: &RecordedEvent,
        list: Option<&'static str>,
    ) -> anyhow::Result<Self> {
        let lift: Lift = |event, payload| {
            Event::upcast(event.aggregate(), event.event_type(), event.schema_version(), payload)
        };
        let fields = fields(first.aggregate(), first.event_type(), list);
        Self::begin_with(folder, first, fields, list, lift)
    }

    fn begin_with(
        folder: &Path,
        first: &RecordedEvent,
        fields: Vec<Field>,
        list: Option<&'static str>,
        lift: Lift,
    ) -> anyhow::Result<Self> {
        let kinds = layout(&fields, list.is_some());
        let schema = schema(first.event_type(), &kinds)?;
        let name = format!("{:012}.{SUFFIX}", first.position().get());
        let path = folder.join(&name);
        // Readers of a whole folder leave out what begins with a dot.
        let unfinished = folder.join(format!(".{name}.{UNFINISHED}"));
        let file = File::create(&unfinished).with_context(|| format!("{}", unfinished.display()))?;
        let writer = SerializedFileWriter::new(file, schema, properties()?)?;
        let columns = kinds.iter().map(|(_, kind)| Column::new(*kind)).collect();
        Ok(Self { unfinished, path, fields, list, lift, columns, rows: 0, payload_bytes: 0, writer })
    }

    /// Adds the event as a row, or the entries of its list as rows.
    pub(super) fn add(&mut self, event: &RecordedEvent) -> anyhow::Result<()> {
        let payload = (self.lift)(event, serde_json::from_slice(event.payload())?);
        match self.list {
            None => self.add_row(event, None, &payload, event.payload().to_vec()),
            Some(list) => {
                let entries =
                    payload.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                for (number, entry) in (1_i64..).zip(entries) {
                    self.add_row(event, Some(number), entry, serde_json::to_vec(entry)?);
                }
            }
        }
        if self.rows >= GROUP_ROWS || self.payload_bytes >= GROUP_BYTES { self.flush() } else { Ok(()) }
    }

    fn add_row(&mut self, event: &RecordedEvent, entry: Option<i64>, payload: &Value, stored: Vec<u8>) {
        let id =
            |id: uuid::Uuid| if id.is_nil() { Cell::None } else { Cell::Bytes(id.to_string().into_bytes()) };
        let number = |number: u64| Cell::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        let before = [
            number(event.position().get()),
            Cell::Text(event.stream()),
            number(event.version().get()),
            id(event.event_id()),
            number(u64::from(event.schema_version())),
            Cell::Integer(event.occurred_at_ns().div_euclid(1_000)),
            Cell::Integer(event.recorded_at_ns().div_euclid(1_000)),
            Cell::Text(event.actor()),
            id(event.command_id()),
            id(event.correlation_id()),
            id(event.causation_id()),
        ];
        let own = self.fields.iter().map(|field| cell(field.kind, field.of(payload)));
        self.rows += 1;
        self.payload_bytes += stored.len();
        let after = [Cell::Bytes(stored)];
        let cells = before.into_iter().chain(entry.map(Cell::Integer)).chain(own).chain(after);
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.push(cell);
        }
    }

    /// Bytes of payload that wait to be written.
    pub(super) fn waiting(&self) -> usize {
        self.payload_bytes
    }

    /// Writes what waits.
    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            let mut writer =
                group.next_column()?.context("the schema has a column for every list of values")?;
            column.write(writer.untyped())?;
            writer.close()?;
        }
        group.close()?;
        (self.rows, self.payload_bytes) = (0, 0);
        Ok(())
    }

    /// Ends the file, durably, under its name; answers its size.
    pub(super) fn finish(mut self) -> anyhow::Result<u64> {
        self.flush()?;
        let file = self.writer.into_inner()?;
        file.sync_all()?;
        std::fs::rename(&self.unfinished, &self.path)?;
        Ok(file.metadata()?.len())
    }
}

/// The position of the first event in a file, told by the file's name; none if it is not of an export.
pub(super) fn first_position(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let name = match name.strip_prefix('.') {
        Some(hidden) => hidden.strip_suffix(UNFINISHED)?.strip_suffix('.')?,
        None => name,
    };
    let number = name.strip_suffix(SUFFIX)?.strip_suffix('.')?;
    number.parse().ok().filter(|_| number.len() >= 12)
}

/// The columns' names and types, in order.
fn layout(fields: &[Field], of_list: bool) -> Vec<(String, Kind)> {
    let kind = |name: &str| match name {
        "position" | "version" | "schema_version" => Kind::Integer,
        "occurred_at" | "recorded_at" => Kind::Time,
        _ => Kind::Text,
    };
    let [before @ .., payload] = COMMON;
    let common = before.iter().map(|name| ((*name).to_owned(), kind(name)));
    let own = fields.iter().map(|field| (field.name.clone(), field.kind));
    let entry = of_list.then(|| (ENTRY.to_owned(), Kind::Integer));
    common.chain(entry).chain(own).chain([(payload.to_owned(), Kind::Text)]).collect()
}

fn schema(event_type: &str, columns: &[(String, Kind)]) -> anyhow::Result<TypePtr> {
    let column = |(name, kind): &(String, Kind)| -> anyhow::Result<TypePtr> {
        let time = LogicalType::timestamp(true, TimeUnit::MICROS);
        let (physical, logical) = match kind {
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Integer => (Physical::INT64, None),
            Kind::Real => (Physical::DOUBLE, None),
            Kind::Boolean => (Physical::BOOLEAN, None),
            Kind::Time => (Physical::INT64, Some(time)),
        };
        let column = Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical);
        Ok(Arc::new(column.build()?))
    };
    let columns = columns.iter().map(column).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(Arc::new(Type::group_type_builder(event_type).with_fields(columns).build()?))
}

fn properties() -> anyhow::Result<WriterPropertiesPtr> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_created_by(concat!("daybook-replay ", env!("CARGO_PKG_VERSION")).to_owned());
    Ok(Arc::new(properties.build()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_event_log::{
        Append, EventLog as _, ExpectedVersion, MemoryLog, Metadata, NewEvent, Position, StreamId,
    };
    use parquet::{
        file::reader::{FileReader as _, SerializedFileReader},
        record::RowAccessor as _,
    };
    use uuid::Uuid;

    fn lit(number: u128, schema_version: u16, payload: &'static str) -> NewEvent {
        let id = Uuid::from_u128(number);
        let metadata = Metadata {
            occurred_at_ns: 0,
            command_id: id,
            correlation_id: id,
            causation_id: id,
            request_hash: 0,
            actor: "anonymous".to_owned(),
        };
        let (event_type, payload) = ("LampLit".into(), payload.as_bytes().into());
        NewEvent { event_id: id, event_type, schema_version, metadata, payload }
    }

    fn column(name: &str, kind: Kind) -> Field {
        Field { name: name.to_owned(), path: (name.to_owned(), None), kind }
    }

    #[tokio::test]
    async fn events_of_an_older_version_have_values_in_the_columns_of_the_newer_one() {
        let log = MemoryLog::default();
        let events = vec![lit(1, 1, r#"{"watts":40}"#), lit(2, 2, r#"{"watts":60,"by":"ada"}"#)];
        let stream = StreamId::new("lamp", "hall").unwrap();
        let append = Append { stream, expected: ExpectedVersion::NoStream, events };
        log.append(vec![append]).await.unwrap().remove(0).unwrap();
        let recorded = log.read_all(Position::new(1), 10).await.unwrap();

        let folder = tempfile::tempdir().unwrap();
        let fields = vec![column("by", Kind::Text), column("watts", Kind::Integer)];
        let lift: Lift = |event, mut payload| {
            if event.schema_version() == 1 {
                payload["by"] = "unknown".into();
            }
            payload
        };
        let mut table = ParquetTable::begin_with(folder.path(), &recorded[0], fields, None, lift).unwrap();
        recorded.iter().for_each(|event| table.add(event).unwrap());
        table.finish().unwrap();

        let file = File::open(folder.path().join("000000000001.parquet")).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        let own = COMMON.len() - 1;
        let cells = |row: usize| {
            let row = &rows[row];
            let version = row.get_long(4).unwrap();
            (version, row.get_string(own).unwrap().as_str(), row.get_long(own + 1).unwrap())
        };
        assert_eq!((cells(0), cells(1)), ((1, "unknown", 40), (2, "ada", 60)));
        assert_eq!(
            rows[0].get_string(own + 2).unwrap(),
            r#"{"watts":40}"#,
            "the payload is as it was stored"
        );
    }
}
