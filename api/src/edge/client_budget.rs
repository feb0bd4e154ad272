//! Places for what a client may hold for long: waits, feeds, bulk requests. There are so many in all, and so many for
//! one client, so that nobody takes all of them.

use super::client::{Client, ClientAddress};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};

pub(crate) struct ClientBudget {
    most: usize,
    most_per_client: usize,
    held: Mutex<HeldPermits>,
}

#[derive(Default)]
struct HeldPermits {
    all: usize,
    by_client: HashMap<ClientAddress, usize>,
}

impl ClientBudget {
    pub(crate) fn new(most: usize, most_per_client: usize) -> Arc<Self> {
        Arc::new(Self { most, most_per_client, held: Mutex::default() })
    }

    /// A place for the client of the request at hand; none if all, or all of its own, are taken. A request that came
    /// over no connection counts only to all.
    pub(crate) fn take(self: &Arc<Self>) -> Option<ClientPermit> {
        self.take_for(Client::current().map(|client| client.address()))
    }

    fn take_for(self: &Arc<Self>, client: Option<ClientAddress>) -> Option<ClientPermit> {
        let mut held = self.held.lock();
        if held.all >= self.most {
            return None;
        }
        if let Some(client) = client {
            let own = held.by_client.entry(client).or_default();
            if *own >= self.most_per_client {
                return None;
            }
            *own += 1;
        }
        held.all += 1;
        Some(ClientPermit { budget: self.clone(), client })
    }
}

/// A place, until it is dropped.
pub(crate) struct ClientPermit {
    budget: Arc<ClientBudget>,
    client: Option<ClientAddress>,
}

impl Drop for ClientPermit {
    fn drop(&mut self) {
        let mut held = self.budget.held.lock();
        held.all -= 1;
        let Some(client) = self.client else { return };
        if let Some(own) = held.by_client.get_mut(&client) {
            *own -= 1;
            if *own == 0 {
                held.by_client.remove(&client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_gets_its_share_and_leaves_nothing_behind() {
        let budget = ClientBudget::new(3, 2);
        let client = |last: u8| Some(ClientAddress::of(([192, 0, 2, last], 80).into()));
        let mut held: Vec<_> = (0..2).map(|_| budget.take_for(client(1)).unwrap()).collect();
        assert!(budget.take_for(client(1)).is_none(), "its share is used up");
        held.push(budget.take_for(client(2)).unwrap());
        assert!(budget.take_for(client(3)).is_none() && budget.take_for(None).is_none(), "all are taken");
        held.clear();
        assert!(budget.held.lock().by_client.is_empty());
        assert!(budget.take_for(None).is_some());
    }
}
