//! Random histories, compared with the oracle after every step.
//!
//! Ids, streams and versions are drawn from small sets, so that repetitions, conflicts and reuse
//! happen often. Times are left out of the comparison: each log has its own clock.

use super::{Backend, event, everything, ids_in, stream};
use crate::{Append, AppendOutcome, EventLog, ExpectedVersion, MemoryLog, RecordedEvent, Version};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy},
    prop_oneof,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use std::sync::Arc;

/// How many histories one run compares; `DAYBOOK_CONTRACT_CASES` asks for more.
const CASES: u64 = 24;

#[derive(Debug, Clone)]
enum ModelStep {
    /// Appends of several groups, all handed over before the first answer is awaited.
    Groups(Vec<Vec<Append>>),
    Reopen,
}

/// Runs seeded histories; a failure names the seed that repeats it.
pub async fn random_histories_agree_with_the_oracle(backend: &dyn Backend) {
    let cases = std::env::var("DAYBOOK_CONTRACT_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(CASES);
    for seed in 0..cases {
        one_history(backend, seed).await;
    }
}

async fn one_history(backend: &dyn Backend, seed: u64) {
    let oracle: Arc<dyn EventLog> = Arc::new(MemoryLog::new());
    let mut log = backend.fresh().await;
    for (step, n) in steps(seed).into_iter().zip(1..) {
        match step {
            ModelStep::Reopen => log = backend.reopen(log).await,
            ModelStep::Groups(groups) => {
                let answers: Vec<_> = groups.iter().map(|group| log.append(group.clone())).collect();
                for (group, answer) in groups.into_iter().zip(answers) {
                    let got = answer.await.expect("the log takes appends");
                    let want = oracle.append(group.clone()).await.expect("the oracle takes appends");
                    let (got, want) = (timeless(got), timeless(want));
                    assert_eq!(got, want, "seed {seed}, step {n}: {group:?}");
                }
            }
        }
        compare(&log, &oracle, seed).await;
    }
}

fn timeless(outcomes: Vec<AppendOutcome>) -> Vec<AppendOutcome> {
    let without_time = |outcome: AppendOutcome| {
        outcome.map(|mut appended| {
            appended.recorded_at_ns = 0;
            appended
        })
    };
    outcomes.into_iter().map(without_time).collect()
}

async fn compare(log: &Arc<dyn EventLog>, oracle: &Arc<dyn EventLog>, seed: u64) {
    let (got, want) = (everything(log).await, everything(oracle).await);
    let essence = |e: &RecordedEvent| (e.event_id(), e.version(), e.stream_id(), e.payload_bytes());
    let (got, want): (Vec<_>, Vec<_>) =
        (got.iter().map(essence).collect(), want.iter().map(essence).collect());
    assert_eq!(got, want, "seed {seed}");
    for n in 0..5 {
        let stream = stream(&n.to_string());
        assert_eq!(ids_in(log, &stream).await, ids_in(oracle, &stream).await, "seed {seed}, {stream}");
    }
    for n in 1..IDS {
        let id = event(n).event_id;
        let (got, want) = (log.find(id).await.expect("readable"), oracle.find(id).await.expect("readable"));
        assert_eq!(got.map(|e| e.position()), want.map(|e| e.position()), "seed {seed}, {id}");
    }
}

const IDS: u128 = 60;

fn steps(seed: u64) -> Vec<ModelStep> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let expected = prop_oneof![
        4 => Just(ExpectedVersion::Any),
        2 => Just(ExpectedVersion::NoStream),
        2 => (0..6_u64).prop_map(|v| ExpectedVersion::Exact(Version::new(v))),
    ];
    // Mostly runs of neighbouring ids, so that whole repetitions are drawn too.
    let ids = prop_oneof![
        3 => (1..IDS - 4, 1..4_u128).prop_map(|(first, n)| (first..first + n).collect()),
        1 => vec(1..IDS, 1..4),
    ];
    let append = (0..5, expected, ids).prop_map(|(n, expected, ids): (i32, _, Vec<u128>)| Append {
        stream: stream(&n.to_string()),
        expected,
        events: ids.into_iter().map(event).collect(),
    });
    let groups = vec(vec(append, 0..5), 1..4).prop_map(ModelStep::Groups);
    let step = prop_oneof![6 => groups, 1 => Just(ModelStep::Reopen)];
    vec(step, 4..16).new_tree(&mut runner).expect("the strategies reject nothing").current()
}
