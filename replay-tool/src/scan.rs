//! Reading a stretch of the log from one end to the other, in pages, with progress.

use crate::{progress::Progress, source::Opened};
use daybook_event_log::{Position, RecordedEvent};

/// Events read at a time.
const PAGE: u64 = 8_192;

impl Opened {
    /// Hands each event from position `from` to `to` (or the head) to `take`, in order; answers how many per second.
    pub(crate) async fn scan(
        &self,
        what: &'static str,
        (from, to): (u64, u64),
        mut take: impl FnMut(&RecordedEvent) -> anyhow::Result<()>,
    ) -> anyhow::Result<u64> {
        let to = to.min(self.head);
        let first = from.max(1);
        let mut progress = Progress::new(what, (to + 1).saturating_sub(first));
        let mut next = first;
        while next <= to {
            let limit = usize::try_from((to - next + 1).min(PAGE)).unwrap_or(1);
            let page = self.log.read_all(Position::new(next), limit).await?;
            let Some(last) = page.last() else { break };
            next = last.position().get() + 1;
            for event in &page {
                take(event)?;
            }
            progress.reach(next - first);
        }
        Ok(progress.rate(next - first))
    }
}
