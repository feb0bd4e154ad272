//! What a view is, and what follows from the list of all views.

use crate::AsOf;
use daybook_event_log::{InvalidStreamId, StreamId};
use daybook_projections::{Definition, Projection, ReplayError};
use daybook_read_store::{Row, StoreError, UserKey};
use serde::Deserialize;
use std::{
    fmt::{Debug, Display},
    str::FromStr,
};

/// The queries on one read model, and what has to be known to fill it and to show its past.
pub trait View: Clone + Debug + Sized {
    /// The read model's name, in tables, checkpoints and metrics.
    const NAME: &'static str = Self::Projection::NAME;

    /// What people call one of its entries.
    const ENTRY: &'static str;

    /// Names an entry.
    type Id: Clone + Debug + PartialEq + Eq + FromStr<Err: Display> + Send + Sync;

    /// Makes its rows.
    type Projection: Projection;

    /// The queries, and the projection that fills what they read.
    fn define() -> (Self, Definition);

    /// The projection, to be used without a store.
    fn in_memory() -> Self::Projection;

    /// Where the row of an entry is.
    fn key(id: &Self::Id) -> UserKey;

    /// The streams that an entry is made of; there is none without an event in the first of them.
    fn streams(id: &Self::Id) -> Result<Vec<StreamId>, InvalidStreamId>;

    /// The row of an entry as it was.
    fn replayed(
        as_of: &AsOf<'_>,
        id: &Self::Id,
    ) -> impl Future<Output = Result<Option<Row>, ReplayError>> + Send {
        async move {
            let replay = as_of.replay(Self::streams(id)?, Self::in_memory(), |_| true).await?;
            Ok(replay.and_then(|replay| replay.row(&Self::key(id))))
        }
    }

    /// An entry as it was, in the JSON that the interface shows it in today; none if there was none yet.
    fn rendered(
        as_of: &AsOf<'_>,
        id: &Self::Id,
    ) -> impl Future<Output = Result<Option<Rendered>, ReplayError>> + Send {
        async move { Ok(Self::replayed(as_of, id).await?.map(Rendered::of).transpose()?) }
    }
}

/// An entry as it was, in the JSON that the interface shows it in today.
#[derive(Debug, Clone)]
pub struct Rendered {
    pub json: Vec<u8>,
    /// Its version then.
    pub version: u64,
    /// The log position of its last change then.
    pub position: u64,
}

/// What every view ends with.
#[derive(Deserialize)]
struct Tail {
    version: u64,
    position: u64,
}

impl Rendered {
    fn of(row: Row) -> Result<Self, StoreError> {
        let Tail { version, position } = row.parse()?;
        Ok(Self { json: row.json().to_vec(), version, position })
    }
}

/// Makes of the list of views what goes through all of them: `Views`, `Target` and the past.
macro_rules! views {
    ($($(#[$about:meta])* $queries:ident: $view:ident),+ $(,)?) => {
        /// The queries on all views, and what keeps them current. Cheap to clone.
        ///
        /// It stands for its [`ReadModels`](daybook_projections::ReadModels), too: starting, waiting, rebuilding
        /// and stopping are theirs.
        #[derive(Clone)]
        pub struct Views {
            read_models: daybook_projections::ReadModels,
            $($queries: $view,)+
        }

        impl Views {
            /// The name of each view's read model.
            pub const NAMES: &'static [&'static str] = &[$(<$view as $crate::View>::NAME),+];

            /// Opens all views in `dir`, which is made if it is not there. They answer from what is there; nothing
            /// moves until [`start`](daybook_projections::ReadModels::start).
            pub fn open(
                dir: &std::path::Path,
                options: daybook_projections::Options,
            ) -> Result<Self, daybook_read_store::StoreError> {
                Self::open_with(dir, options, Vec::new())
            }

            /// The same with further read models beside the views.
            pub fn open_with(
                dir: &std::path::Path,
                options: daybook_projections::Options,
                more: Vec<daybook_projections::Definition>,
            ) -> Result<Self, daybook_read_store::StoreError> {
                let mut definitions = Vec::new();
                $(
                    let ($queries, definition) = <$view as $crate::View>::define();
                    definitions.push(definition);
                )+
                definitions.extend(more);
                let read_models = daybook_projections::ReadModels::open(dir, options, definitions)?;
                Ok(Self { read_models, $($queries),+ })
            }

            /// All views as they were after `until` (or are at the log's end), filled into `dir`: another directory
            /// than the one that is kept current.
            pub async fn replay(
                log: std::sync::Arc<dyn daybook_event_log::EventLog>,
                until: Option<daybook_event_log::Position>,
                dir: &std::path::Path,
            ) -> Result<Self, daybook_projections::RunnerError> {
                let views = Self::open(dir, daybook_projections::Options::default())?;
                views.catch_up(&log, until).await?;
                Ok(views)
            }

            $(
                $(#[$about])*
                #[must_use]
                pub fn $queries(&self) -> &$view {
                    &self.$queries
                }
            )+
        }

        impl std::ops::Deref for Views {
            type Target = daybook_projections::ReadModels;

            fn deref(&self) -> &Self::Target {
                &self.read_models
            }
        }

        /// An entry of one of the views.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Target {
            $($view(<$view as $crate::View>::Id),)+
        }

        impl Target {
            /// What people call the entries of each view.
            pub const ENTRIES: &'static [&'static str] = &[$(<$view as $crate::View>::ENTRY),+];

            /// The entry with this id of the view whose entries are called `entry`, one of [`Target::ENTRIES`]; the
            /// error says what is wrong with the id. None: there is no such view.
            #[must_use]
            pub fn parse(entry: &str, id: &str) -> Option<Result<Self, String>> {
                $(
                    if entry == <$view as $crate::View>::ENTRY {
                        let id = id.parse::<<$view as $crate::View>::Id>();
                        return Some(id.map(Self::$view).map_err(|error| error.to_string()));
                    }
                )+
                None
            }

            /// What people call it.
            #[must_use]
            pub const fn entry(&self) -> &'static str {
                match self {
                    $(Self::$view(_) => <$view as $crate::View>::ENTRY,)+
                }
            }

            /// Where its story begins, for somebody who asked for a point before that; none if there is no such entry.
            pub async fn begins(
                &self,
                log: &dyn daybook_event_log::EventLog,
            ) -> Result<Option<daybook_event_log::Position>, daybook_projections::ReplayError> {
                let streams = match self {
                    $(Self::$view(id) => <$view as $crate::View>::streams(id)?,)+
                };
                $crate::as_of::first_position(log, streams).await
            }
        }

        #[test]
        fn no_view_changes_by_an_event_outside_its_interests() {
            $($crate::view::tests::only_interests_change::<$view>();)+
        }

        impl $crate::AsOf<'_> {
            /// An entry as it was; none if there was none yet.
            pub async fn show(
                &self,
                target: &Target,
            ) -> Result<Option<$crate::Rendered>, daybook_projections::ReplayError> {
                match target {
                    $(Target::$view(id) => <$view as $crate::View>::rendered(self, id).await,)+
                }
            }
        }
    };
}
pub(crate) use views;

#[cfg(test)]
pub(crate) mod tests {
    use super::View;
    use daybook_domain::{Event, all_samples};
    use daybook_event_log::{
        Append, EventLog as _, ExpectedVersion, MemoryLog, Metadata, NewEvent, Position, RecordedEvent,
        StreamId,
    };
    use daybook_projections::{DecodedEvent, Flush, Projection as _};
    use daybook_read_store::{Checkpoint, Tx, Writes};
    use uuid::Uuid;

    fn recorded(event: &Event) -> RecordedEvent {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let id = Uuid::from_u128(1);
        let metadata = Metadata {
            occurred_at_ns: 0,
            command_id: id,
            correlation_id: id,
            causation_id: id,
            request_hash: 0,
            actor: "anonymous".to_owned(),
        };
        let event = NewEvent {
            event_id: id,
            event_type: event.type_name().into(),
            schema_version: event.schema_version(),
            metadata,
            payload: event.encode().into(),
        };
        let stream = StreamId::new("sample", "1").unwrap();
        let append = Append { stream, expected: ExpectedVersion::NoStream, events: vec![event] };
        let log = MemoryLog::default();
        runtime.block_on(async {
            log.append(vec![append]).await.unwrap().remove(0).unwrap();
            log.read_all(Position::new(1), 1).await.unwrap().remove(0)
        })
    }

    /// Applies every sample that the view says it does not want.
    pub(crate) fn only_interests_change<V: View>() {
        for event in all_samples().iter().flat_map(|samples| &samples.events) {
            if V::Projection::INTERESTS.contain(event.kind().index()) {
                continue;
            }
            let (mut projection, mut writes) = (V::in_memory(), Writes::default());
            let record = recorded(event);
            let mut tx = Tx::alone(&mut writes);
            projection.apply(&DecodedEvent { record: &record, event }, &mut tx).unwrap();
            projection.flush(Checkpoint::default(), Flush::Now, &mut tx).unwrap();
            assert!(writes.is_empty(), "{} changes by {}", V::NAME, event.type_name());
        }
    }
}
