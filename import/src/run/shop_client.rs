//! What each lane does with the parts of a plan, and what the shop refused of it.

use super::{
    earlier_runs::EarlierRuns,
    requests::Requests,
    send::{SendResult, Sender},
};
use crate::{ImportError, Plan, books::Refusals, plan::of_day, report::ImportCounts};
use daybook_engine::{CommandRequest, Engine, OrderOutcome, OrderOutcomeWaiter};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Far longer than any order takes; only a shop whose processes stand still lets it pass.
const DECIDED_WITHIN: Duration = Duration::from_secs(120);
/// Progress is told once per so many lines.
const TELL_EVERY: u64 = 1_000;

/// The shop as the lanes see it.
pub(super) struct ShopClient<'a> {
    sender: Sender<'a>,
    plan: &'a Plan,
    requests: &'a Requests<'a>,
    refusals: Mutex<Refusals>,
    lines_done: AtomicU64,
    tell: &'a (dyn Fn(u64) + Send + Sync),
}

/// Something of the preparations: a command that no line of the file stands for, or stock that was found.
pub(super) enum Preparation {
    Plain(CommandRequest),
    Found(u32),
}

pub(super) enum Selling {
    Order(u32),
    Loss(u32),
}

pub(super) enum GivingBack {
    Return(u32),
    Credit(u32),
}

impl<'a> ShopClient<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        past: EarlierRuns,
        plan: &'a Plan,
        requests: &'a Requests<'a>,
        lines_done: u64,
        tell: &'a (dyn Fn(u64) + Send + Sync),
    ) -> Self {
        let (sender, lines_done) = (Sender::new(engine, past), AtomicU64::new(lines_done));
        Self { sender, plan, requests, refusals: Mutex::default(), lines_done, tell }
    }

    pub(super) fn into_results(self) -> (Refusals, ImportCounts) {
        let commands = self.sender.executed();
        let refusals = self.refusals.into_inner().unwrap_or_else(PoisonError::into_inner);
        let count = |planned: usize, refused: usize| (planned - refused) as u64;
        let counts = ImportCounts {
            orders: count(self.plan.orders.len(), refusals.orders.len()),
            returns: count(self.plan.returns.len(), refusals.returns.len()),
            credits: count(self.plan.credits.len(), refusals.credits.len()),
            adjustments: count(self.plan.adjustments.len(), refusals.adjustments.len()),
            commands,
            ..ImportCounts::default()
        };
        (refusals, counts)
    }

    pub(super) fn preparations(&self, day: i32) -> Vec<Preparation> {
        let (plan, requests) = (self.plan, self.requests);
        let products = of_day(&plan.products, day).1.iter().map(|product| requests.put_product(product));
        let prices = of_day(&plan.price_changes, day).1.iter().map(|change| requests.change_price(change));
        let (first, receipts) = of_day(&plan.receipts, day);
        let receipts = (first..).zip(receipts).map(|(number, receipt)| requests.receive(number, receipt));
        let plain = products.chain(prices).chain(receipts).map(Preparation::Plain);
        plain.chain(self.adjustments(day, |delta| delta > 0).map(Preparation::Found)).collect()
    }

    pub(super) fn sales(&self, day: i32) -> Vec<Selling> {
        let orders = numbers(of_day(&self.plan.orders, day)).map(Selling::Order);
        orders.chain(self.adjustments(day, |delta| delta < 0).map(Selling::Loss)).collect()
    }

    pub(super) fn returns(&self, day: i32) -> Vec<GivingBack> {
        let returns = numbers(of_day(&self.plan.returns, day)).map(GivingBack::Return);
        returns.chain(numbers(of_day(&self.plan.credits, day)).map(GivingBack::Credit)).collect()
    }

    fn adjustments(&self, day: i32, wanted: fn(i64) -> bool) -> impl Iterator<Item = u32> {
        let (first, adjustments) = of_day(&self.plan.adjustments, day);
        let numbered = (first..).zip(adjustments).filter(move |(_, adjustment)| wanted(adjustment.delta));
        numbered.map(|(number, _)| number_of(number))
    }

    pub(super) async fn prepare(&self, preparation: Preparation) -> Result<(), ImportError> {
        match preparation {
            Preparation::Found(number) => self.adjust(number).await,
            Preparation::Plain(request) => {
                let what = request.command.name();
                if let SendResult::Refused(why) = self.sender.send(request, what).await? {
                    // No line stands for it; if stock is missing for this, the orders concerned say so.
                    tracing::warn!(command = what, why, "the shop refused a preparation");
                }
                Ok(())
            }
        }
    }

    pub(super) async fn sell(&self, selling: Selling) -> Result<(), ImportError> {
        match selling {
            Selling::Loss(number) => self.adjust(number).await,
            Selling::Order(number) => {
                if let Some(why) = self.order(number).await? {
                    self.refusals().orders.insert(number, why);
                }
                self.done(self.plan.orders[number as usize].rows);
                Ok(())
            }
        }
    }

    /// From cart to delivery; why not, if not.
    async fn order(&self, number: u32) -> Result<Option<String>, ImportError> {
        let planned = &self.plan.orders[number as usize];
        let invoice = self.plan.rows.invoices.text(planned.invoice);
        let sale = self.requests.sale(planned);
        let mut watch = self.sender.engine().watch_order(sale.order_id);
        for request in [sale.create, sale.check_out] {
            if let SendResult::Refused(why) = self.sender.send(request, invoice).await? {
                return Ok(Some(why));
            }
        }
        if !self.sender.is_past(&sale.ship)
            && let Some(why) = decided(&mut watch, invoice).await?
        {
            return Ok(Some(why));
        }
        for request in [sale.ship, sale.deliver] {
            if let SendResult::Refused(why) = self.sender.send(request, invoice).await? {
                return Ok(Some(why));
            }
        }
        Ok(None)
    }

    async fn adjust(&self, number: u32) -> Result<(), ImportError> {
        let adjustment = &self.plan.adjustments[number as usize];
        let request = self.requests.adjust(adjustment);
        let row = &self.plan.rows.rows[adjustment.row as usize];
        if let SendResult::Refused(why) =
            self.sender.send(request, self.plan.rows.invoices.text(row.invoice)).await?
        {
            self.refusals().adjustments.insert(number, why);
        }
        self.done(1);
        Ok(())
    }

    pub(super) async fn give_back(&self, giving: GivingBack) -> Result<(), ImportError> {
        match giving {
            GivingBack::Return(number) => {
                let planned = &self.plan.returns[number as usize];
                let invoice = self.plan.rows.invoices.text(planned.invoice);
                let request = self.requests.take_back(planned);
                if let SendResult::Refused(why) = self.send_for(planned.order, request, invoice).await? {
                    self.refusals().returns.insert(number, why);
                }
                self.done(planned.rows);
            }
            GivingBack::Credit(number) => {
                let planned = &self.plan.credits[number as usize];
                let row = &self.plan.rows.rows[planned.row as usize];
                let invoice = self.plan.rows.invoices.text(row.invoice);
                let request = self.requests.credit(planned);
                if let SendResult::Refused(why) = self.send_for(planned.order, request, invoice).await? {
                    self.refusals().credits.insert(number, why);
                }
                self.done(1);
            }
        }
        Ok(())
    }
    /// Sends what concerns an earlier order, unless that one came to nothing.
    async fn send_for(
        &self,
        order: u32,
        request: CommandRequest,
        invoice: &str,
    ) -> Result<SendResult, ImportError> {
        if self.refusals().orders.contains_key(&order) {
            let sold_by = self.plan.rows.invoices.text(self.plan.orders[order as usize].invoice);
            return Ok(SendResult::Refused(format!("the sale it reverses, invoice {sold_by}, was refused")));
        }
        if !self.sender.is_past(&request) {
            self.money_is_in().await;
        }
        let is_past = self.sender.is_past(&request);
        let answer = self.sender.send(request, invoice).await?;
        if !is_past {
            // The plan counts on the goods being back on the shelf when this day is finished.
            self.processes_have_seen_all().await;
        }
        Ok(answer)
    }

    /// Waits until the processes have done what everything so far asks of them.
    pub(super) async fn processes_have_seen_all(&self) {
        let engine = self.sender.engine();
        let head = *engine.log().head().borrow();
        // Where they stand still, the next order says so.
        let _ = tokio::time::timeout(DECIDED_WITHIN, engine.processes_caught_up(head)).await;
    }

    /// Waits until the orders delivered so far are paid for: a refund before the capture would be deferred, and
    /// how many are would depend on chance.
    async fn money_is_in(&self) {
        // The first round asks for the captures, the second has them answered.
        self.processes_have_seen_all().await;
        self.processes_have_seen_all().await;
    }

    fn refusals(&self) -> std::sync::MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn done(&self, lines: u32) {
        let before = self.lines_done.fetch_add(u64::from(lines), Ordering::Relaxed);
        let now = before + u64::from(lines);
        if before / TELL_EVERY != now / TELL_EVERY {
            (self.tell)(now);
        }
    }
}

/// Waits for what becomes of an order; why not, if nothing.
async fn decided(watch: &mut OrderOutcomeWaiter, invoice: &str) -> Result<Option<String>, ImportError> {
    let outcome = tokio::time::timeout(DECIDED_WITHIN, watch.outcome()).await.map_err(|_| {
        ImportError::OrderUndecided { invoice: invoice.to_owned(), waited_s: DECIDED_WITHIN.as_secs() }
    })?;
    Ok(match outcome {
        OrderOutcome::Confirmed { .. } => None,
        OrderOutcome::Rejected { reason, .. } => Some(format!("the order was rejected: {reason:?}")),
        OrderOutcome::Cancelled { reason, .. } => Some(format!("the order was cancelled: {reason}")),
    })
}

fn numbers<T>((first, items): (usize, &[T])) -> impl Iterator<Item = u32> {
    (first..first + items.len()).map(number_of)
}

fn number_of(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
