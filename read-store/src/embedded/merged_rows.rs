//! One generation's rows as of one moment: what is ahead of the database laid over it.

use super::overlay::Ahead;
use crate::{
    StoreError,
    row::{Range, Walk},
};
use fjall::{Keyspace, Readable, Snapshot, UserKey, UserValue};
use std::{iter::Peekable, ops::Bound};

pub(super) struct MergedRows<'a> {
    pub(super) ahead: Ahead,
    pub(super) snapshot: Snapshot,
    pub(super) keyspace: &'a Keyspace,
}

pub(super) type Bounds = (Bound<Vec<u8>>, Bound<Vec<u8>>);
type Found = Result<(UserKey, UserValue), StoreError>;
/// A key, and its value or that it is gone.
type Change = Result<(UserKey, Option<UserValue>), StoreError>;
type Source<'a> = Peekable<Box<dyn Iterator<Item = Change> + 'a>>;

impl MergedRows<'_> {
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<UserValue>, StoreError> {
        match self.ahead.get(key) {
            Some(known) => Ok(known.clone()),
            None => self.snapshot.get(self.keyspace, key).map_err(StoreError::unavailable("reading a row")),
        }
    }

    /// The rows within `bounds`, the lower of which must not be above the upper, in the order of `walk`.
    pub(super) fn rows(&self, bounds: Bounds, walk: Walk) -> impl Iterator<Item = Found> {
        let known = |(key, value): (&UserKey, &Option<UserValue>)| Ok((key.clone(), value.clone()));
        let stored = |row: fjall::Guard| {
            let (key, value) = row.into_inner().map_err(StoreError::unavailable("reading rows"))?;
            Ok((key, Some(value)))
        };
        let borrowed = (bounds.0.as_ref().map(Vec::as_slice), bounds.1.as_ref().map(Vec::as_slice));
        let changes = self.ahead.changes.range::<[u8], _>(borrowed).map(known);
        let pending = self.ahead.pending.range::<[u8], _>(borrowed).map(known);
        let rows = self.snapshot.range(self.keyspace, bounds).map(stored);
        let sources: [Box<dyn Iterator<Item = Change>>; 3] = match walk {
            Walk::Up => [Box::new(changes), Box::new(pending), Box::new(rows)],
            Walk::Down => [Box::new(changes.rev()), Box::new(pending.rev()), Box::new(rows.rev())],
        };
        merged(sources.map(Iterator::peekable), walk)
    }
}

/// Several sources, each in the order of `walk`, as one: of those that know a key, the first is right.
fn merged<'a>(mut sources: [Source<'a>; 3], walk: Walk) -> impl Iterator<Item = Found> + use<'a> {
    std::iter::from_fn(move || {
        loop {
            let mut next: Option<UserKey> = None;
            for source in &mut sources {
                match source.peek() {
                    Some(Ok((key, _))) => {
                        let sooner = next.as_ref().is_none_or(|next| match walk {
                            Walk::Up => key < next,
                            Walk::Down => key > next,
                        });
                        if sooner {
                            next = Some(key.clone());
                        }
                    }
                    Some(Err(_)) => return source.next().and_then(Result::err).map(Err),
                    None => {}
                }
            }
            let key = next?;
            let mut known = None;
            for source in &mut sources {
                let its = source.next_if(|change| change.as_ref().is_ok_and(|(other, _)| *other == key));
                known = known.or(its.and_then(Result::ok));
            }
            if let Some((key, Some(value))) = known {
                return Some(Ok((key, value)));
            }
        }
    })
}

/// The keys that `range` goes over.
pub(super) fn bounds(range: Range<'_>) -> Bounds {
    let (first, last) = (Bound::Included(range.prefix.to_vec()), end_of(range.prefix));
    match (range.walk, range.beyond()) {
        (_, None) => (first, last),
        (Walk::Up, Some(key)) => (Bound::Excluded(key.to_vec()), last),
        (Walk::Down, Some(key)) => (first, Bound::Excluded(key.to_vec())),
    }
}

/// Where the keys end that begin with `prefix`.
fn end_of(prefix: &[u8]) -> Bound<Vec<u8>> {
    let Some(raised) = prefix.iter().rposition(|byte| *byte < u8::MAX) else { return Bound::Unbounded };
    let mut end = prefix[..=raised].to_vec();
    end[raised] += 1;
    Bound::Excluded(end)
}

#[cfg(test)]
mod tests {
    use super::super::{EmbeddedRows, EmbeddedStore, batch::PendingWrite};
    use crate::{Checkpoint, GenerationId, GenerationRows as AnyRows, Range, RowKind, Tx, Walk, Writes};
    use proptest::{collection::vec, option, prelude::*};
    use std::collections::BTreeMap;

    const KINDS: [RowKind; 2] = [RowKind::records(b'r', "records"), RowKind::records(b's', "others")];

    #[derive(Debug, Clone)]
    enum Doing {
        Show(Vec<(Vec<u8>, Option<u8>)>),
        Leave(Vec<(Vec<u8>, Option<u8>)>),
        Write,
        Commit(Vec<(Vec<u8>, Option<u8>)>),
    }

    fn doings() -> impl Strategy<Value = Vec<Doing>> {
        // Few keys, one a prefix of the other, some at the very end of their table.
        let key = ("[rs]", vec(prop_oneof![Just(0_u8), Just(b'm'), Just(u8::MAX)], 0..3));
        let key = key.prop_map(|(table, rest)| [table.as_bytes(), &rest].concat());
        let writes = vec((key, option::weighted(0.7, 0..9_u8)), 0..6);
        vec(
            prop_oneof![
                writes.clone().prop_map(Doing::Show),
                writes.clone().prop_map(Doing::Leave),
                Just(Doing::Write),
                writes.prop_map(Doing::Commit),
            ],
            1..30,
        )
    }

    type Model = BTreeMap<Vec<u8>, Vec<u8>>;

    fn agrees(rows: &EmbeddedRows, model: &Model) {
        let all: Vec<_> = rows.all().unwrap();
        let all: Model = all.into_iter().map(|(key, row)| (key, row.json().to_vec())).collect();
        assert_eq!(&all, model);
        for prefix in [&b"r"[..], b"s", b"r\xff", b"rm", b"t"] {
            let mut expected: Vec<_> = model.iter().filter(|(key, _)| key.starts_with(prefix)).collect();
            for walk in [Walk::Up, Walk::Down] {
                let (mut paged, mut cursor) = (Vec::new(), None);
                loop {
                    let range = Range { prefix, cursor: cursor.as_ref(), walk };
                    let page = rows.page(&KINDS, range, 2).unwrap();
                    paged.extend(page.rows.iter().map(|row| row.json().to_vec()));
                    cursor = page.next;
                    if cursor.is_none() {
                        break;
                    }
                }
                let values: Vec<_> = expected.iter().map(|(_, value)| (*value).clone()).collect();
                assert_eq!(paged, values, "{prefix:?} {walk:?}");
                expected.reverse();
            }
            let keys: Vec<_> = expected.iter().map(|(key, _)| (*key).clone()).collect();
            let mut end = prefix.to_vec();
            *end.last_mut().unwrap() = end.last().unwrap().saturating_add(1);
            if end.last() != Some(&u8::MAX) {
                assert_eq!(rows.keys(prefix, &end, 100).unwrap(), keys);
                assert_eq!(rows.keys(&end, prefix, 100).unwrap(), Vec::<Vec<u8>>::new());
            }
        }
        for key in [&b"r"[..], b"rm", b"r\xff\xff", b"s\0"] {
            assert_eq!(rows.get(key).unwrap().map(|value| value.to_vec()), model.get(key).cloned());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn queries_see_every_step_wherever_its_rows_are(doings in doings()) {
            let dir = tempfile::tempdir().unwrap();
            let store = EmbeddedStore::open(dir.path(), 1 << 20).unwrap();
            let id = GenerationId { version: 1, number: 1 };
            let (writer, reader) =
                (store.generation("m", id, &KINDS).unwrap(), store.generation("m", id, &KINDS).unwrap());
            let (AnyRows::Embedded(written), AnyRows::Embedded(read)) = (&writer.rows, &reader.rows) else {
                unreachable!("the store is embedded")
            };
            let (mut model, mut pending, mut at) = (Model::new(), None::<(PendingWrite, u64)>, 0);
            let mut durable = 0;
            for doing in doings {
                let mut batch = store.batch();
                if let Doing::Show(changes) | Doing::Leave(changes) | Doing::Commit(changes) = &doing {
                    let mut writes = Writes::default();
                    let mut tx = Tx::new(&writer, &mut writes);
                    for (key, value) in changes {
                        match value {
                            Some(value) => tx.put(key.clone(), vec![*value]),
                            None => tx.remove(key.clone()),
                        }
                        value.map(|value| model.insert(key.clone(), vec![value])).unwrap_or_else(|| model.remove(key));
                    }
                    at += 1;
                    batch.write(written, &mut writes);
                    let position = daybook_event_log::Position::new(at);
                    batch.reach(written, Checkpoint { position, ..Checkpoint::default() });
                }
                match doing {
                    // As a lane does it: one writing at a time, and nothing overtakes it.
                    Doing::Show(_) => batch.show(),
                    Doing::Leave(_) if pending.is_some() => batch.show(),
                    Doing::Leave(_) => pending = Some((batch.begin_write(), at)),
                    Doing::Write => {
                        if let Some((pending, reached)) = pending.take() {
                            pending.write().unwrap();
                            durable = reached;
                        }
                    }
                    Doing::Commit(_) => {
                        if let Some((pending, _)) = pending.take() {
                            pending.write().unwrap();
                        }
                        batch.commit().unwrap();
                        durable = at;
                    }
                }
                agrees(read, &model);
                prop_assert_eq!(store.checkpoint(written).unwrap().position.get(), durable);
            }
        }
    }
}
