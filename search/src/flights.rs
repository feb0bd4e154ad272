//! One search at a time for one question: who asks what is being worked out already waits for that answer.

use super::{SearchError, response::SearchAnswer};
use ahash::AHashMap;
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;

type Outcome = Result<SearchAnswer, SearchError>;
/// A question: view number and normalised request.
pub(super) type Question = (u64, Arc<[u8]>);

#[derive(Default)]
pub(super) struct Flights {
    under_way: Mutex<AHashMap<Question, Arc<Flight>>>,
}

#[derive(Default)]
struct Flight {
    state: Mutex<State>,
    landed: Condvar,
}

#[derive(Default)]
enum State {
    #[default]
    Flying,
    Landed(Outcome),
    /// Whoever worked on it panicked.
    Lost,
}

/// Takes the flight out of the list, also when the work panics, so that nobody waits for ever.
struct Landing<'a> {
    flights: &'a Flights,
    question: Question,
    flight: Arc<Flight>,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.flights.under_way.lock().remove(&self.question);
        let mut state = self.flight.state.lock();
        if matches!(*state, State::Flying) {
            *state = State::Lost;
        }
        self.flight.landed.notify_all();
    }
}

impl Flights {
    /// The answer to `question`: worked out here, or waited for where somebody else is at it.
    pub(super) fn share(&self, question: Question, work: impl FnOnce() -> Outcome) -> Outcome {
        let joined = {
            let mut under_way = self.under_way.lock();
            match under_way.get(&question) {
                Some(flight) => Err(Arc::clone(flight)),
                None => {
                    let flight = Arc::<Flight>::default();
                    under_way.insert(question.clone(), Arc::clone(&flight));
                    Ok(Landing { flights: self, question, flight })
                }
            }
        };
        match joined {
            Ok(landing) => {
                let outcome = work();
                *landing.flight.state.lock() = State::Landed(outcome.clone());
                outcome
            }
            Err(flight) => {
                let mut state = flight.state.lock();
                loop {
                    match &*state {
                        State::Flying => flight.landed.wait(&mut state),
                        State::Landed(outcome) => return outcome.clone(),
                        State::Lost => return work(),
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use daybook_event_log::Position;
    use std::sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    };

    #[test]
    fn one_question_asked_at_once_is_worked_out_once() {
        let (flights, runs, asked) = (Flights::default(), AtomicUsize::new(0), Barrier::new(2));
        let question: Question = (1, Arc::from(&b"mug"[..]));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                flights.share(question.clone(), || {
                    runs.fetch_add(1, Ordering::SeqCst);
                    asked.wait();
                    // The other one can only be answered by this run, as the question is under way.
                    while Arc::strong_count(&flights.under_way.lock()[&question]) < 3 {
                        std::thread::yield_now();
                    }
                    Ok(SearchAnswer { body: Bytes::from_static(b"{}"), position: Position::ZERO })
                })
            });
            scope.spawn(|| {
                asked.wait();
                let answer = flights.share(question.clone(), || {
                    runs.fetch_add(1, Ordering::SeqCst);
                    Err(SearchError::MissingCurrency)
                });
                assert_eq!(answer.unwrap().body, "{}");
            });
        });
        assert_eq!(runs.into_inner(), 1);
        assert!(flights.under_way.lock().is_empty());
    }
}
