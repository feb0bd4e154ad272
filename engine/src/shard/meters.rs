//! A shard's metrics. Handles are kept, so that counting costs an addition, not a look-up by labels.

use crate::CommandError;
use ahash::AHashMap;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

pub(super) struct ShardMeters {
    batch: Histogram,
    hits: Counter,
    misses: Counter,
    cached: Gauge,
    commands: AHashMap<(&'static str, &'static str), Counter>,
    rejections: AHashMap<&'static str, Counter>,
}

impl ShardMeters {
    pub(super) fn new(shard: usize) -> Self {
        Self {
            batch: histogram!("daybook_engine_batch_commands"),
            hits: counter!("daybook_engine_cache_hits_total"),
            misses: counter!("daybook_engine_cache_misses_total"),
            cached: gauge!("daybook_engine_cached_aggregates", "shard" => shard.to_string()),
            commands: AHashMap::new(),
            rejections: AHashMap::new(),
        }
    }

    pub(super) fn batch(&self, commands: usize) {
        self.batch.record(commands as f64);
    }

    pub(super) fn cache(&self, looked_for: usize, missing: usize) {
        self.hits.increment(looked_for.saturating_sub(missing) as u64);
        self.misses.increment(missing as u64);
    }

    pub(super) fn cached(&self, aggregates: usize) {
        self.cached.set(aggregates as f64);
    }

    pub(super) fn answered(&mut self, command: &'static str, error: Option<&CommandError>) {
        let result = match error {
            None => "done",
            Some(error) => error.name(),
        };
        let count = || counter!("daybook_commands_total", "command" => command, "result" => result);
        self.commands.entry((command, result)).or_insert_with(count).increment(1);
        if let Some(CommandError::Rejected(rejection)) = error {
            let reason = rejection.name();
            let count = || counter!("daybook_rejections_total", "reason" => reason);
            self.rejections.entry(reason).or_insert_with(count).increment(1);
        }
    }
}
