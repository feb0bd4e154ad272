//! A flash sale: hundreds of buyers at once after one SKU that there is too little of. They buy until it is sold
//! out, and the others are told so. At the end: exactly as many sold as there were, none left, nobody told no early.

use super::{
    Effort,
    hot_sku::{SOLD, buy_one, left},
    orders::CONNECTIONS,
};
use crate::{
    folder, invariants,
    load::{Client, Operation, Outcome, Shape, percentile_ms},
    report::{Report, round},
    server::Server,
    shop, trial,
};
use anyhow::ensure;
use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let folder = folder::for_run()?;
    let data = folder.path().join("shop");
    let (server, _) = Server::start(&data).await?;
    let stock = u32::try_from(effort.scale(50_000))?;
    shop::stock_up(&server, 1, stock).await?;
    let (sold, sold_out) = (Rc::new(Cell::new(0_u32)), Rc::new(Cell::new(None)));
    let start = Instant::now();
    let shape = Shape::closed(CONNECTIONS, Duration::ZERO, effort.warm_up() + effort.duration());
    let operation = Rc::new(counting(stock, sold.clone(), sold_out.clone()));
    let part = trial::one(&server, &shape, 0, operation).await?;
    let Some(sold_out) = sold_out.get() else {
        anyhow::bail!("{} of {stock} were sold in all that time: make the sale longer", sold.get())
    };
    let seconds = (sold_out - start).as_secs_f64();
    let mut report = Report::bare("answers", true, part.measured.throughput());
    report.latencies(&part.measured.latencies_us);
    report.count(&part);
    report.peak = Some(part.cost);
    let [bought, told_no, _] = &part.measured.kinds_us;
    report.add("stock", stock);
    report.add("sold_out_after_s", round(seconds));
    report.add("sold_per_s", round(f64::from(stock) / seconds));
    report.add("bought_p50_ms", percentile_ms(bought, 50.0));
    report.add("bought_p99_ms", percentile_ms(bought, 99.0));
    report.add("told_no", told_no.len());
    report.add("told_no_p50_ms", percentile_ms(told_no, 50.0));
    report.add("told_no_p99_ms", percentile_ms(told_no, 99.0));
    let left = left(&server).await?;
    ensure!(sold.get() == stock && left == 0, "{} sold, {left} left of {stock}", sold.get());
    report.add("verified_in_s", invariants::verify(server, &data)?);
    Ok(report)
}

fn counting(stock: u32, sold: Rc<Cell<u32>>, sold_out: Rc<Cell<Option<Instant>>>) -> impl Operation {
    async move |client: &mut Client, number: u64| {
        let outcome = buy_one(client, number).await?;
        if outcome == Outcome::Done(SOLD) {
            sold.set(sold.get() + 1);
            if sold.get() == stock {
                sold_out.set(Some(Instant::now()));
            }
        }
        Ok(outcome)
    }
}
