//! `as-of`: any read model as it was at a position or a time, in the JSON the HTTP interface serves.
//!
//! A read model of one thing is made of the events of a few streams, so only these are read and replayed, into a
//! store of their own that goes away again. Only a search needs the events of the whole shop.

mod past;
mod point;

use crate::{
    cli::{Usage, Verdict},
    out::Out,
    source::{Opened, Source},
};
use clap::{Args, ValueEnum};
use daybook_domain::{CartId, OrderId, PaymentId, ProductId, Sku};
use daybook_event_log::{EventLog, RecordedEvent, StreamId, Version};
use daybook_projections::{
    Options, ReadModels,
    search::{SearchConfig, SearchRequest},
};
use past::{Picked, Shown};
use point::{Point, When};
use std::{fmt::Display, io::Write as _, str::FromStr, sync::Arc};
use tempfile::TempDir;

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
        let shown = match self.what {
            What::Search => Some(self.search(&opened, point).await?),
            _ => self.one(&opened, point).await?,
        };
        let Some(json) = shown else {
            eprintln!("daybook-replay: there was no such {} then", self.what.name());
            return Ok(Verdict::Found);
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

    /// A read model of one thing; none if it was not there yet.
    async fn one(&self, opened: &Opened, point: Point) -> anyhow::Result<Option<Vec<u8>>> {
        let streams: Vec<String> = match self.what {
            What::Order => {
                let id: OrderId = self.id_as()?;
                vec![format!("order-{id}"), format!("payment-{}", id.payment_id())]
            }
            What::Stock => vec![format!("inventory-{}", self.id_as::<Sku>()?)],
            What::Cart => vec![format!("cart-{}", self.id_as::<CartId>()?)],
            What::Product => vec![format!("product-{}", self.id_as::<ProductId>()?)],
            What::Payment => vec![format!("payment-{}", self.id_as::<PaymentId>()?)],
            What::Search => Vec::new(),
        };
        let mut events = Vec::new();
        for stream in streams {
            read(&*opened.log, &StreamId::parse(&stream)?, point, &mut events).await?;
        }
        if events.is_empty() {
            return Ok(None);
        }
        events.sort_unstable_by_key(RecordedEvent::position);
        let folder = small_scratch()?;
        let options = Options { search: None, ..Options::default() };
        let models = ReadModels::open(folder.path(), options)?;
        let log: Arc<dyn EventLog> = Arc::new(Picked::new(events));
        models.catch_up(&log, None).await?;
        let row = match self.what {
            What::Order => models.orders().by_id(self.id_as()?)?,
            What::Stock => models.stock().by_sku(&self.id_as()?, point.moment())?,
            What::Cart => models.carts().by_id(self.id_as()?)?,
            What::Product => models.catalog().by_id(&self.id_as()?)?,
            What::Payment => models.payments().by_id(self.id_as()?)?,
            What::Search => None,
        };
        if let Some(letter) = models.dead_letters(self.what.read_model(), 1)?.into_iter().next() {
            let (position, error) = (letter.position, letter.error.unwrap_or_default());
            anyhow::bail!("the event at position {position} cannot be shown by today's program: {error}");
        }
        Ok(row.map(|row| row.json().to_vec()))
    }

    async fn search(&self, opened: &Opened, point: Point) -> anyhow::Result<Vec<u8>> {
        let request = request(&self.id).map_err(Usage)?;
        let folder = tempfile::Builder::new().prefix("daybook-as-of-").tempdir()?;
        let config = SearchConfig { commit_interval_ms: 60_000, ..SearchConfig::default() };
        let models = ReadModels::open(folder.path(), Options { search: Some(config), ..Options::default() })?;
        let log: Arc<dyn EventLog> = Arc::new(Shown::new(opened, point));
        models.catch_up(&log, None).await?;
        let index = models.search().and_then(|search| search.current());
        let index = index.ok_or_else(|| anyhow::anyhow!("the search was not filled"))?;
        Ok(index.search(&request)?.body.to_vec())
    }

    fn id_as<T: FromStr<Err: Display>>(&self) -> Result<T, Usage> {
        let text = &self.id;
        text.parse().map_err(|error| Usage(format!("{text:?} is no id of a {}: {error}", self.what.name())))
    }
}

impl What {
    /// What projections call it. The others of the store are filled with what does not concern them, and not asked.
    const fn read_model(self) -> &'static str {
        match self {
            Self::Product => "catalog",
            Self::Order | Self::Stock | Self::Cart | Self::Payment | Self::Search => self.name(),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Stock => "stock",
            Self::Cart => "cart",
            Self::Product => "product",
            Self::Payment => "payment",
            Self::Search => "search",
        }
    }
}

/// A store of a few rows is made in memory where the system has a folder for that: on a disk, most of the answer's
/// time would go into syncing what is thrown away at once.
fn small_scratch() -> std::io::Result<TempDir> {
    const IN_MEMORY: &str = "/dev/shm";
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("daybook-as-of-");
    if std::env::var_os("TMPDIR").is_none()
        && let Ok(folder) = builder.tempdir_in(IN_MEMORY)
    {
        return Ok(folder);
    }
    builder.tempdir()
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

/// Events read at a time.
const PAGE: usize = 1_000;

/// Adds the stream's events up to the point.
async fn read(
    log: &dyn EventLog,
    stream: &StreamId,
    point: Point,
    events: &mut Vec<RecordedEvent>,
) -> anyhow::Result<()> {
    let mut next = Version::new(1);
    loop {
        let page = log.read_stream(stream, next, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        next = last.version().next();
        let read = page.len();
        let before = events.len();
        events.extend(page.into_iter().take_while(|event| point.includes(event)));
        if events.len() - before < read {
            return Ok(());
        }
    }
}
