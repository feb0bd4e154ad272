//! Carries a plan out: commands in business order, hundreds of invoices under way at once.
//!
//! ```text
//! prepare: products, list prices, deliveries, stock found     a day at a time, ahead of the sales
//!    └─→ sell: cart → checkout → (processes confirm) → ship → deliver ; losses
//!            └─→ give back: returns, credits                  a day's, when all sales up to it are done
//! ```
//!
//! Nothing is remembered beside the log: every command has an id of its own that follows from the file, so that
//! what an earlier run did is found there and not done again.

mod check;
mod earlier_runs;
mod ids;
mod requests;
mod send;
mod shop_client;
mod track;

use crate::{
    Plan, Report,
    error::ImportError,
    plan::RETURNS_LAG_DAYS,
    progress::{Phase, Progress},
};
use daybook_engine::Engine;
use requests::Requests;
use shop_client::ShopClient;
use std::{io::Read, time::Instant};
use track::{Finished, run_track};

/// How many trading days the preparations may be ahead of the sales.
const LEAD_DAYS: usize = 10;
const PREPARATIONS_AT_ONCE: usize = 512;
const SALES_AT_ONCE: usize = 512;
const RETURNS_AT_ONCE: usize = 256;

/// How an import is to be done.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Which books the file is from. Invoices of one source are imported once, whatever file they come in; give
    /// files of different shops different names.
    pub source: String,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self { source: "online-retail".to_owned() }
    }
}

/// Imports a year of trade in the format of the UCI data set "Online Retail", as CSV or CSV in zstd.
///
/// The engine has to run the processes. The same import may be started again at any time, after a crash or when
/// it is complete; nothing is done twice. Reading and planning keep the calling thread busy for about a second.
///
/// # Errors
/// When the file cannot be read as a whole (then nothing was written), when the shop cannot go on, or when the
/// books do not balance. A line that cannot be imported is no error but stands in the report.
pub async fn import_online_retail(
    engine: &Engine,
    source: impl Read,
    options: ImportOptions,
    progress: impl Fn(Progress) + Send + Sync,
) -> Result<Report, ImportError> {
    let began = Instant::now();
    let tell = |phase, lines_done, lines_total| {
        progress(Progress { phase, lines_done, lines_total, elapsed: began.elapsed() });
    };
    tell(Phase::Planning, 0, 0);
    let plan = Plan::read(source)?;
    let books = plan.books();
    check::check_rounding(&books)?;
    let (total, rejected) = (books.lines_total, books.rejected.len() as u64);
    let requests = Requests::new(&plan, engine.secret(), &options.source);
    let tell_importing = |lines_done| tell(Phase::Importing, lines_done, total);
    let past = earlier_runs::EarlierRuns::read(engine).await?;
    let shop = ShopClient::new(engine, past, &plan, &requests, rejected, &tell_importing);
    tell_importing(rejected);
    // What an earlier run left under way, goods on their way back to the shelf among it.
    shop.processes_have_seen_all().await;
    carry_out(&plan, &shop).await?;
    tell(Phase::Checking, total, total);
    let (refusals, mut counts) = shop.into_results();
    let books = plan.books_without(&refusals);
    check::check_books(engine, &requests, &refusals, &books, &mut counts).await?;
    tell(Phase::Done, total, total);
    Ok(Report::new(books, counts, began.elapsed()))
}

async fn carry_out(plan: &Plan, shop: &ShopClient<'_>) -> Result<(), ImportError> {
    let days = plan.days.len();
    let (prepared, sold, given_back) = (Finished::new(days), Finished::new(days), Finished::new(days));
    let prepare = run_track(
        &prepared,
        days,
        PREPARATIONS_AT_ONCE,
        |day| {
            let (prepared, sold) = (&prepared, &sold);
            async move {
                // A product comes before its price changes.
                prepared.reached(day).await;
                sold.reached(day.saturating_sub(LEAD_DAYS)).await;
            }
        },
        |day| shop.preparations(plan.days[day]),
        |request| shop.prepare(request),
    );
    let sell = run_track(
        &sold,
        days,
        SALES_AT_ONCE,
        |day| {
            let (prepared, given_back) = (&prepared, &given_back);
            async move {
                prepared.reached(day + 1).await;
                given_back.reached(day.saturating_sub(RETURNS_LAG_DAYS)).await;
            }
        },
        |day| shop.sales(plan.days[day]),
        |sale| shop.sell(sale),
    );
    let give_back = run_track(
        &given_back,
        days,
        RETURNS_AT_ONCE,
        |day| sold.reached(day + 1),
        |day| shop.returns(plan.days[day]),
        |back| shop.give_back(back),
    );
    futures::try_join!(prepare, sell, give_back).map(|_| ())
}
