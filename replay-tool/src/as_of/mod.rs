//! `as-of`: any read model as it was at a position or a time, in the JSON the HTTP interface serves.
//!
//! A read model of one thing is made of the events of a few streams and is shown by `daybook_projections::past`, as
//! the HTTP interface does it. Only a search needs the events of all products and their stock, which fill an index of
//! its own that goes away again.

mod point;

use crate::{
    cli::{Usage, Verdict},
    out::Out,
    progress::Progress,
    source::{Opened, Source},
};
use clap::{Args, ValueEnum};
use daybook_projections::{
    past::{Past, Point, Thing},
    search::SearchRequest,
};
use point::When;
use std::{fmt::Display, io::Write as _, str::FromStr};

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
Stock that was held until a time counts as free again after it: as of T (with --position: when that event was
written down).";

/// `as-of`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct AsOf {
    #[command(flatten)]
    when: When,

    /// What to show
    #[arg(value_enum, env = "DAYBOOK_REPLAY_WHAT")]
    what: What,

    /// Its id; for a search the words, or the parameters of GET /search as in 'q=mug&in_stock=true'
    #[arg(value_name = "ID|QUERY", env = "DAYBOOK_REPLAY_ID")]
    id: String,
}

/// A read model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    Order,
    Stock,
    Cart,
    Product,
    Payment,
    Search,
}

impl AsOf {
    pub(crate) async fn run(self, source: &Source, out: &mut Out) -> anyhow::Result<Verdict> {
        let opened = source.open().await?;
        let point = self.when.point(&opened).await?;
        let json = match self.thing()? {
            None => self.search(&opened, point).await?,
            Some(thing) => match Past::new(&*opened.log, point).show(&thing).await? {
                Some(shown) => shown.json,
                None => {
                    not_then(&thing, &opened).await?;
                    return Ok(Verdict::Found);
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
        Ok(Verdict::AllIsWell)
    }

    /// What is asked for; none: a search.
    fn thing(&self) -> Result<Option<Thing>, Usage> {
        Ok(Some(match self.what {
            What::Order => Thing::Order(self.id_as("order")?),
            What::Stock => Thing::Stock(self.id_as("stock")?),
            What::Cart => Thing::Cart(self.id_as("cart")?),
            What::Product => Thing::Product(self.id_as("product")?),
            What::Payment => Thing::Payment(self.id_as("payment")?),
            What::Search => return Ok(None),
        }))
    }

    async fn search(&self, opened: &Opened, point: Point) -> anyhow::Result<Vec<u8>> {
        let request = request(&self.id).map_err(Usage)?;
        let folder = tempfile::Builder::new().prefix("daybook-as-of-").tempdir()?;
        let last = point.last_position().unwrap_or(opened.head).min(opened.head);
        let mut bar = Progress::new("filling the search", last);
        let index = Past::new(&*opened.log, point).search(folder.path(), |done| bar.reach(done)).await?;
        drop(bar);
        Ok(index.search(&request)?.body.to_vec())
    }

    fn id_as<T: FromStr<Err: Display>>(&self, what: &str) -> Result<T, Usage> {
        self.id.parse().map_err(|error| Usage(format!("{what}: {error}")))
    }
}

/// There was no such thing then; perhaps there is one now.
async fn not_then(thing: &Thing, opened: &Opened) -> anyhow::Result<()> {
    let what = thing.name();
    match thing.begins(&*opened.log).await? {
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
