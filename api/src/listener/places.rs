//! Places for connections: so many in all, so many for one client. Where none is free, a connection on which no request
//! is under way gives way to a new one, so that idle and held ones cost nobody a place.

use crate::edge::ClientAddress;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// How many places are looked at for one that gives way: not all, because many may ask at once.
const LOOKED_AT: usize = 512;
/// States of a place beside the millisecond since which it is idle.
const BUSY: u64 = 0;
const GIVEN_UP: u64 = u64::MAX;

pub(super) struct Places {
    most: usize,
    most_per_client: usize,
    /// How long a connection must have been idle to give way.
    rested: Duration,
    began: Instant,
    held: Mutex<HeldPlaces>,
}

#[derive(Default)]
struct HeldPlaces {
    places: BTreeMap<u64, Arc<ConnectionPlace>>,
    by_client: HashMap<ClientAddress, usize>,
    last_id: u64,
    /// Behind which place the next one that gives way is looked for.
    looked_at: u64,
}

/// A connection's place.
pub(super) struct ConnectionPlace {
    id: u64,
    client: ClientAddress,
    state: AtomicU64,
    given_up: Notify,
    began: Instant,
}

impl Places {
    pub(super) fn new(most: usize, most_per_client: usize, rested: Duration) -> Arc<Self> {
        let (began, held) = (Instant::now(), Mutex::default());
        Arc::new(Self { most, most_per_client, rested, began, held })
    }

    /// A place for a connection of this client; none if all are busy.
    pub(super) fn take(self: &Arc<Self>, client: ClientAddress) -> Option<HeldPlace> {
        let mut held = self.held.lock();
        let own = held.by_client.get(&client).copied().unwrap_or_default();
        let is_free = if own >= self.most_per_client {
            held.give_up_one(self.idle_before(self.rested), Some(client))
        } else {
            held.places.len() < self.most || held.give_up_one(self.idle_before(self.rested), None)
        };
        if !is_free {
            return None;
        }
        held.last_id += 1;
        let place = Arc::new(ConnectionPlace {
            id: held.last_id,
            client,
            state: AtomicU64::new(now_ms(self.began)),
            given_up: Notify::new(),
            began: self.began,
        });
        held.places.insert(place.id, place.clone());
        *held.by_client.entry(client).or_default() += 1;
        Some(HeldPlace { place, places: self.clone() })
    }

    /// Has the connections give way that were idle for so long.
    pub(super) fn give_up_idle(&self, rested: Duration) {
        let mut held = self.held.lock();
        let before = self.idle_before(rested);
        let idle: Vec<_> = held.places.values().filter(|place| place.give_up(before)).cloned().collect();
        idle.iter().for_each(|place| held.remove(place));
    }

    fn idle_before(&self, rested: Duration) -> u64 {
        now_ms(self.began).saturating_sub(u64::try_from(rested.as_millis()).unwrap_or(u64::MAX))
    }
}

impl HeldPlaces {
    /// Has one connection give way that has been idle since `before` or longer; of this client, if one is named. The one
    /// that has been idle for the longest among those that are looked at.
    fn give_up_one(&mut self, before: u64, client: Option<ClientAddress>) -> bool {
        let behind = (Bound::Excluded(self.looked_at), Bound::Unbounded);
        let around = self.places.range(behind).chain(self.places.range(..=self.looked_at));
        let (mut longest, mut last) = (None::<(u64, &Arc<ConnectionPlace>)>, self.looked_at);
        for (id, place) in around.take(LOOKED_AT) {
            last = *id;
            let since = place.state.load(Ordering::Relaxed);
            let is_idle =
                since != BUSY && since <= before && client.is_none_or(|client| client == place.client);
            if is_idle && longest.is_none_or(|(longest, _)| since < longest) {
                longest = Some((since, place));
            }
        }
        let place = longest.map(|(_, place)| place.clone());
        self.looked_at = last;
        let Some(place) = place.filter(|place| place.give_up(before)) else { return false };
        self.remove(&place);
        true
    }

    fn remove(&mut self, place: &ConnectionPlace) {
        if self.places.remove(&place.id).is_none() {
            return;
        }
        if let Some(own) = self.by_client.get_mut(&place.client) {
            *own -= 1;
            if *own == 0 {
                self.by_client.remove(&place.client);
            }
        }
    }
}

impl ConnectionPlace {
    /// Marks that a request is under way until what is answered is dropped; none if the place is given up.
    pub(super) fn begin_request(self: &Arc<Self>) -> Option<RequestUnderWay> {
        let since = self.state.load(Ordering::Relaxed);
        let begun = since != GIVEN_UP
            && self.state.compare_exchange(since, BUSY, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        begun.then(|| RequestUnderWay(self.clone()))
    }

    /// Resolves when the connection has to give way.
    pub(super) async fn is_given_up(&self) {
        self.given_up.notified().await;
    }

    fn give_up(&self, idle_before: u64) -> bool {
        let since = self.state.load(Ordering::Relaxed);
        let given_up = since != BUSY
            && since <= idle_before
            && self.state.compare_exchange(since, GIVEN_UP, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if given_up {
            self.given_up.notify_one();
        }
        given_up
    }
}

/// A request under way on a connection.
pub(super) struct RequestUnderWay(Arc<ConnectionPlace>);

impl Drop for RequestUnderWay {
    fn drop(&mut self) {
        self.0.state.store(now_ms(self.0.began), Ordering::Relaxed);
    }
}

/// A place, until it is dropped.
pub(super) struct HeldPlace {
    place: Arc<ConnectionPlace>,
    places: Arc<Places>,
}

impl HeldPlace {
    pub(super) fn place(&self) -> &Arc<ConnectionPlace> {
        &self.place
    }
}

impl Drop for HeldPlace {
    fn drop(&mut self) {
        self.places.held.lock().remove(&self.place);
    }
}

/// Never [`BUSY`].
fn now_ms(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX - 2).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(last: u8) -> ClientAddress {
        ClientAddress::of(([192, 0, 2, last], 80).into())
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_gives_way_and_a_busy_one_does_not() {
        let places = Places::new(3, 2, Duration::from_millis(100));
        let first = places.take(client(1)).unwrap();
        let second = places.take(client(1)).unwrap();
        assert!(places.take(client(1)).is_none(), "nobody has been idle for long enough");
        tokio::time::advance(Duration::from_millis(100)).await;
        let under_way = first.place().begin_request().unwrap();
        let third = places.take(client(1)).unwrap();
        second.place().is_given_up().await;
        assert!(second.place().begin_request().is_none(), "its place has another");
        drop((second, under_way));
        let _other = places.take(client(2)).unwrap();
        assert!(places.take(client(3)).is_none(), "all are taken, and none has been idle for long enough");
        tokio::time::advance(Duration::from_millis(100)).await;
        let _third = places.take(client(3)).unwrap();
        let _busy = third.place().begin_request();
        assert_eq!(places.held.lock().places.len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_left_of_connections_that_are_over() {
        let places = Places::new(2, 2, Duration::ZERO);
        let held = [places.take(client(1)).unwrap(), places.take(client(1)).unwrap()];
        places.give_up_idle(Duration::ZERO);
        drop(held);
        let held = places.held.lock();
        assert!(held.places.is_empty() && held.by_client.is_empty());
    }
}
