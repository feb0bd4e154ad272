//! `as-of`: any read model as it was at a position or a time, in the JSON the HTTP interface serves.
//!
//! An entry of a view is made of the events of a few streams and is shown by `daybook_views::AsOf`, as the HTTP
//! interface does it. Only a search needs the events of all products and their stock, which fill an index of
//! its own that goes away again.

mod point;

use crate::{
    cli::{ToolVerdict, Usage},
    out::Out,
    progress::Progress,
    source::{Opened, Source},
};
use clap::{Args, builder::PossibleValuesParser};
use daybook_event_log::Point;
use daybook_search::SearchRequest;
use daybook_views::{AsOf as Shop, Target};
use point::When;
use std::io::Write as _;

const EXAMPLES: &str = "\
Examples:
  daybook-replay --data ./shop as-of --position 4711 stock 85123A
  daybook-replay --data ./shop as-of --recorded 2026-11-22T09:00:00Z order 0199a5f0-…
  daybook-replay --data ./shop as-of --occurred 2011-06-30 product P-85123A | jq .title
  daybook-replay --data ./shop as-of --occurred 2011-06-30 search 'q=white mug&limit=5'

Which past is meant:
  --position N   after the event at position N
  --recorded T   after the last event that was written down at or before T
  --occurred T   what had happened by T: each stream up to its first event that happened later. Events may be
                 written down long after they happened, so this need not be the state after any one position.
A time T is 2011-06-30 (the start of that day, so nothing of the day itself), 2011-06-30T18:00 (both UTC), or has an offset.
Stock that was held until a time counts as free again after it: as of T (with --position: when that event was
written down).";

/// `as-of`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct AsOf {
    #[command(flatten)]
    when: When,

    /// What to show
    #[arg(value_parser = PossibleValuesParser::new(WHAT.iter().flat_map(|of| *of)), env = "DAYBOOK_REPLAY_WHAT")]
    what: String,

    /// Its id; for a search the words, or the parameters of GET /search as in 'q=mug&in_stock=true'
    #[arg(value_name = "ID|QUERY", env = "DAYBOOK_REPLAY_ID")]
    id: String,
}

const SEARCH: &str = "search";

/// What can be shown.
const WHAT: [&[&str]; 2] = [Target::ENTRIES, &[SEARCH]];

impl AsOf {
    pub(crate) async fn run(self, source: &Source, out: &mut Out) -> anyhow::Result<ToolVerdict> {
        let opened = source.open().await?;
        let point = self.when.point(&opened).await?;
        if let Some(moment) = self.when.moment().filter(|_| !out.json) {
            // Beside the answer, which is JSON also for people.
            eprintln!("as of {moment}");
        }
        let json = match self.target()? {
            None => self.search(&opened, point).await?,
            Some(target) => match Shop::new(&*opened.log, point).show(&target).await? {
                Some(shown) => shown.json,
                None => {
                    not_then(&target, &opened).await?;
                    return Ok(ToolVerdict::Found);
                }
            },
        };
        if out.json {
            out.write_all(&json)?;
            out.line("")?;
        } else {
            let value: serde_json::Value = serde_json::from_slice(&json)?;
            out.json(&value)?;
        }
        Ok(ToolVerdict::AllIsWell)
    }

    /// What is asked for; none: a search.
    fn target(&self) -> Result<Option<Target>, Usage> {
        let target = Target::parse(&self.what, &self.id).transpose();
        target.map_err(|error| Usage(format!("{}: {error}", self.what)))
    }

    async fn search(&self, opened: &Opened, point: Point) -> anyhow::Result<Vec<u8>> {
        let request = request(&self.id).map_err(Usage)?;
        let folder = tempfile::Builder::new().prefix("daybook-as-of-").tempdir()?;
        let last = point.last_position().unwrap_or(opened.head).min(opened.head);
        let mut bar = Progress::new("filling the search", last);
        let index = daybook_search::as_of(&*opened.log, point, folder.path(), |done| bar.reach(done)).await?;
        drop(bar);
        Ok(index.search(&request)?.body.to_vec())
    }
}

/// There was no such thing then; perhaps there is one now.
async fn not_then(target: &Target, opened: &Opened) -> anyhow::Result<()> {
    let what = target.entry();
    match target.begins(&*opened.log).await? {
        None => eprintln!("daybook-replay: there is no such {what} in this log, then or later"),
        Some(first) => {
            eprintln!("daybook-replay: there was no such {what} then; its record begins at position {first}");
        }
    }
    Ok(())
}

/// Words, or parameters as in a URL but without its escapes.
fn request(text: &str) -> Result<SearchRequest, String> {
    let pairs: Vec<(&str, &str)> = if text.contains('=') {
        text.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect()
    } else {
        vec![("q", text)]
    };
    SearchRequest::from_parameters(pairs).map_err(|error| error.to_string())
}
