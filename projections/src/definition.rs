//! How the runner learns of a projection: its name, version and interests, and how to make one.

use crate::{ApplyError, DecodedEvent, Flush, Projection};
use daybook_domain::Interests;
use daybook_event_log::Position;
use daybook_read_store::{Checkpoint, Generation, Live, RowKind, Schema, StoreError, Tx};
use std::{fmt, sync::Arc};

type Make = dyn Fn(&Arc<Generation>) -> Result<Box<dyn Applying>, StoreError> + Send + Sync;

/// A projection to be run.
#[derive(Clone)]
pub struct Definition {
    pub(crate) name: &'static str,
    pub(crate) version: u32,
    pub(crate) interests: Interests,
    pub(crate) kinds: &'static [RowKind],
    pub(crate) apart: bool,
    /// The generation that answers queries, once there is one.
    pub(crate) live: Live,
    pub(crate) make: Arc<Make>,
    /// What is kept in memory of the rows is no longer true: another node has changed them.
    pub(crate) changed_elsewhere: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl Definition {
    /// A projection of type `P`; `make` is called for the live generation and for every rebuild.
    pub fn new<P: Projection>(
        make: impl Fn(&Arc<Generation>) -> Result<P, StoreError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: P::NAME,
            version: P::VERSION,
            interests: P::INTERESTS,
            kinds: P::KINDS,
            apart: false,
            live: Live::default(),
            make: Arc::new(move |generation| Ok(Box::new(make(generation)?))),
            changed_elsewhere: None,
        }
    }

    /// Lets `live` name the generation that answers, for those who query it.
    #[must_use]
    pub fn shown_by(mut self, live: Live) -> Self {
        self.live = live;
        self
    }

    pub(crate) fn schema(&self) -> Schema {
        Schema { name: self.name, version: self.version, kinds: self.kinds }
    }

    /// `forget` is called when rows were changed by a projector on another node, before the watermark shows
    /// the change.
    #[must_use]
    pub fn when_changed_elsewhere(mut self, forget: impl Fn() + Send + Sync + 'static) -> Self {
        self.changed_elsewhere = Some(Arc::new(forget));
        self
    }

    /// Its commits are slow: it gets threads of its own, so that others need not wait for it.
    #[must_use]
    pub fn apart(mut self) -> Self {
        self.apart = true;
        self
    }
}

impl fmt::Debug for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}", self.name, self.version)
    }
}

/// [`Projection`] without its constants, so that different ones can stand in one list.
pub(crate) trait Applying: Send {
    fn apply(&mut self, event: &DecodedEvent<'_>, tx: &mut Tx<'_>) -> Result<(), ApplyError>;
    fn flush(&mut self, up_to: Checkpoint, when: Flush, tx: &mut Tx<'_>) -> Result<Position, StoreError>;
    fn committed(&mut self);
    fn discard(&mut self);
    fn own_checkpoint(&self) -> Option<Checkpoint>;
    fn went_live(&mut self);
}

impl<P: Projection> Applying for P {
    fn apply(&mut self, event: &DecodedEvent<'_>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        Projection::apply(self, event, tx)
    }
    fn flush(&mut self, up_to: Checkpoint, when: Flush, tx: &mut Tx<'_>) -> Result<Position, StoreError> {
        Projection::flush(self, up_to, when, tx)
    }
    fn committed(&mut self) {
        Projection::committed(self);
    }
    fn discard(&mut self) {
        Projection::discard(self);
    }
    fn own_checkpoint(&self) -> Option<Checkpoint> {
        Projection::own_checkpoint(self)
    }
    fn went_live(&mut self) {
        Projection::went_live(self);
    }
}
