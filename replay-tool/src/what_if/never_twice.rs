//! That no what-if sells a unit twice: histories of any kind, under rules of any kind, through both shops.
//!
//! The histories are made by the domain's own decisions at business times, and are written down in the order in which an
//! import does it: a payment's commit long after reservations that happened later, deliveries ahead of sales.

use super::{
    holds::PaidHolds,
    rules::Rules,
    sandbox::Sandbox,
    tally::{Both, Outcome},
};
use daybook_domain::{
    Actor, CartId, Context, Decider as _, Event, LineId, LocationId, Money, OrderId, Personal, Quantity, Sku,
    Timestamp,
    inventory::{
        CommitReservation, Inventory, InventoryCommand, InventoryEvent, InventoryRejection, ReceiveStock,
        ReserveStock, ShipReserved, StockTransferred, TransferStock,
    },
    order::{OrderEvent, OrderLine, OrderPlaced, OrderRejected, RejectReason},
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use uuid::Uuid;

const MINUTE: i64 = 60_000_000_000;
const HOLD: i64 = 15 * MINUTE;

/// What is wished for, in the order in which it is written down.
#[derive(Debug, Clone)]
enum Wish {
    Deliver {
        sku: usize,
        units: u32,
        ahead_minutes: i64,
    },
    /// The commit is written down after so many more wishes; none: it is never paid for.
    Buy {
        sku: usize,
        units: u32,
        paid_after: Option<usize>,
    },
    Move {
        sku: usize,
        units: u32,
    },
    Wait {
        minutes: i64,
    },
}

/// A history: what was decided then, with positions and business times.
#[derive(Default)]
struct History {
    events: Vec<(Event, i64)>,
    stock: BTreeMap<usize, Inventory>,
    /// Orders that wait for their commit: after how many wishes, what, when they happened.
    unpaid: Vec<(usize, usize, OrderId, u32, i64)>,
    now: i64,
    orders: u128,
}

fn sku(n: usize) -> Sku {
    format!("SKU-{n}").parse().expect("a SKU")
}

fn place(name: &str) -> LocationId {
    name.parse().expect("a location")
}

fn units(n: u32) -> Quantity {
    Quantity::new(n).expect("a quantity")
}

impl History {
    fn of(wishes: &[Wish]) -> Self {
        let mut history = Self { now: 1_000 * MINUTE, ..Self::default() };
        for wish in wishes {
            history.take(wish);
            history.pay_what_is_due(1);
        }
        history.pay_what_is_due(usize::MAX);
        history
    }

    fn take(&mut self, wish: &Wish) {
        match wish.clone() {
            Wish::Wait { minutes } => self.now += minutes * MINUTE,
            Wish::Deliver { sku: n, units: number, ahead_minutes } => {
                let (sku, location) = (sku(n), place("main"));
                let receive = ReceiveStock { sku, location, quantity: units(number), reference: None };
                let at = self.now + ahead_minutes * MINUTE;
                self.decide(n, InventoryCommand::ReceiveStock(receive), at).expect("a delivery");
            }
            Wish::Move { sku: n, units: number } => {
                let (sku, from, to) = (sku(n), place("main"), place("shop"));
                let transfer = TransferStock { sku, from, to, quantity: units(number) };
                // Refused where there is not enough, and then it did not happen.
                let _ = self.decide(n, InventoryCommand::TransferStock(transfer), self.now);
            }
            Wish::Buy { sku: n, units: number, paid_after } => self.buy(n, number, paid_after),
        }
    }

    fn buy(&mut self, n: usize, number: u32, paid_after: Option<usize>) {
        self.orders += 1;
        let placed = placed(self.orders, &sku(n), number);
        let order_id = placed.order_id;
        self.events.push((OrderEvent::OrderPlaced(placed).into(), self.now));
        let until = Timestamp::from_nanos(self.now + HOLD);
        let reserve = ReserveStock { sku: sku(n), order_id, quantity: units(number), until };
        match self.decide(n, InventoryCommand::ReserveStock(reserve), self.now) {
            Ok(()) => {
                let paid = paid_after.map(|after| (after, n, order_id, number, self.now));
                self.unpaid.extend(paid);
            }
            Err(InventoryRejection::OutOfStock { sku, requested, available }) => {
                self.reject(order_id, RejectReason::OutOfStock { sku, requested, available }, self.now);
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    /// An order's payment, shipment and commit happen at its own time.
    fn pay_what_is_due(&mut self, wishes: usize) {
        for (after, n, order_id, number, at) in std::mem::take(&mut self.unpaid) {
            if after > wishes {
                self.unpaid.push((after - wishes, n, order_id, number, at));
                continue;
            }
            let commit = InventoryCommand::CommitReservation(CommitReservation { order_id });
            if self.decide(n, commit, at).is_err() {
                self.reject(order_id, RejectReason::ReservationExpired { sku: sku(n) }, at);
                continue;
            }
            let shipment_id = daybook_domain::ShipmentId::new(order_id.uuid());
            let ship = ShipReserved { order_id, shipment_id, quantity: units(number), location: None };
            self.decide(n, InventoryCommand::ShipReserved(ship), at).expect("what is committed can leave");
        }
    }

    fn reject(&mut self, order_id: OrderId, reason: RejectReason, at: i64) {
        let (cart_id, payment_id) = (CartId::new(order_id.uuid()), order_id.payment_id());
        let rejected =
            OrderRejected { order_id, cart_id, payment_id, reason, allocated: false, skus: Vec::new() };
        self.events.push((OrderEvent::OrderRejected(rejected).into(), at));
    }

    fn decide(&mut self, n: usize, command: InventoryCommand, at: i64) -> Result<(), InventoryRejection> {
        let context = Context { now: Timestamp::from_nanos(at), actor: Actor::System("history".to_owned()) };
        let stock = self.stock.entry(n).or_default();
        for event in stock.decide(command, &context)? {
            stock.evolve(&event);
            self.events.push((event.into(), at));
        }
        Ok(())
    }

    /// Units that have arrived by the end where each delivery is late by `delay_ns`.
    fn received(&self, delay_ns: i64) -> i64 {
        let latest = self.events.iter().map(|(_, at)| *at).max().unwrap_or(0);
        let received = self.events.iter().filter(|(_, at)| delay_ns == 0 || at + delay_ns <= latest);
        let units = received.map(|(event, _)| match event {
            Event::Inventory(InventoryEvent::StockReceived(received)) => i64::from(received.quantity.get()),
            _ => 0,
        });
        units.sum()
    }

    fn what_if(&self, rules: &str) -> Outcome {
        let rules: Rules = serde_json::from_str(rules).expect("rules");
        let mut paid = PaidHolds::default();
        let numbered = || (1_u64..).zip(&self.events);
        numbered().for_each(|(position, (event, _))| paid.take(event, position));
        let mut sandbox = Sandbox::new(&rules, &paid);
        numbered().for_each(|(position, (event, at))| sandbox.take(event, position, *at));
        let latest = self.events.iter().map(|(_, at)| *at).max().unwrap_or(0);
        let (orders, tally) = sandbox.finish(latest);
        tally.close(&rules, &orders)
    }
}

fn placed(number: u128, sku: &Sku, quantity: u32) -> OrderPlaced {
    let cart_id = CartId::new(Uuid::from_u128((number << 80) | 7));
    let order_id = cart_id.order_id();
    let gbp = |minor: i64| Money::new(minor, "GBP".parse().expect("a currency"));
    let total = gbp(250 * i64::from(quantity));
    let line = OrderLine {
        line_id: LineId(1),
        sku: sku.clone(),
        product_id: "P".parse().expect("a product"),
        title: "Mug".to_owned(),
        quantity: units(quantity),
        unit_price: gbp(250),
        net: total,
    };
    OrderPlaced {
        order_id,
        number: order_id.number(),
        cart_id,
        payment_id: order_id.payment_id(),
        customer_id: None,
        currency: total.currency,
        country: None,
        lines: vec![line],
        charges: Vec::new(),
        total,
        payment_token: "tok".to_owned(),
        reference: None,
        personal: Personal::default(),
    }
}

fn wish() -> impl Strategy<Value = Wish> {
    let deliver = (0..2_usize, 1..30_u32, 0..600_i64).prop_map(|(sku, units, ahead_minutes)| Wish::Deliver {
        sku,
        units,
        ahead_minutes,
    });
    let buy = (0..2_usize, 1..6_u32, prop::option::weighted(0.9, 1..12_usize))
        .prop_map(|(sku, units, paid_after)| Wish::Buy { sku, units, paid_after });
    let transfer = (0..2_usize, 1..10_u32).prop_map(|(sku, units)| Wish::Move { sku, units });
    let wait = (1..40_i64).prop_map(|minutes| Wish::Wait { minutes });
    prop_oneof![1 => deliver, 6 => buy, 1 => transfer, 3 => wait]
}

/// Rules without backorders, which sell what is not there on purpose; and by how much they delay deliveries.
fn rules() -> impl Strategy<Value = (String, i64)> {
    let safety = (0..40_u32).prop_map(|units| (format!(r#"{{"safety_stock":[{{"units":{units}}}]}}"#), 0));
    let one = (0..40_u32)
        .prop_map(|units| (format!(r#"{{"safety_stock":[{{"units":{units},"skus":["SKU-1"]}}]}}"#), 0));
    let delay = Just((r#"{"replenishment_delay":[{"days":1}]}"#.to_owned(), 24 * 60 * MINUTE));
    let closed = (0..3_000_i64).prop_map(|minute| {
        let from = crate::when::rfc3339(minute * MINUTE);
        (format!(r#"{{"closed":[{{"location":"main","from":"{from}"}}]}}"#), 0)
    });
    prop_oneof![safety, one, delay, closed]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_sold_and_what_is_left_is_what_was_received(
        wishes in prop::collection::vec(wish(), 1..120),
        (rules, delay_ns) in rules(),
    ) {
        let history = History::of(&wishes);
        let outcome = history.what_if(&rules);
        let Both { was, would_be } = outcome.units_sold;
        let left = outcome.units_left;
        let sum = |sold: u64, left: i64| i64::try_from(sold).expect("few units") + left;
        prop_assert_eq!(sum(was, left.was), history.received(0), "as it was");
        prop_assert_eq!(sum(would_be, left.would_be), history.received(delay_ns), "{}", rules);
        prop_assert!(left.would_be >= 0, "{}: sold what is not there: {:?}", rules, left);
    }

    #[test]
    fn without_a_rule_every_history_comes_out(wishes in prop::collection::vec(wish(), 1..120)) {
        let outcome = History::of(&wishes).what_if("{}");
        prop_assert!(outcome.same_as_history, "{:?}", outcome);
    }
}

#[test]
fn a_hold_that_was_paid_for_later_in_the_log_does_not_lapse() {
    let mut wishes = vec![Wish::Deliver { sku: 0, units: 48, ahead_minutes: 0 }];
    for _ in 0..48 {
        wishes.push(Wish::Buy { sku: 0, units: 1, paid_after: Some(6) });
        wishes.push(Wish::Wait { minutes: 16 });
    }
    let outcome = History::of(&wishes).what_if(r#"{"safety_stock":[{"units":24}]}"#);
    assert_eq!(outcome.units_sold, Both { was: 48, would_be: 24 });
    assert_eq!(outcome.units_left, Both { was: 0, would_be: 24 });
    assert_eq!(outcome.orders_lost.len(), 24);
}

#[test]
fn an_order_that_was_never_paid_for_loses_its_units_to_one_that_was() {
    let wishes = [
        Wish::Deliver { sku: 0, units: 3, ahead_minutes: 0 },
        Wish::Buy { sku: 0, units: 1, paid_after: None },
        Wish::Wait { minutes: 16 },
        Wish::Buy { sku: 0, units: 1, paid_after: Some(1) },
    ];
    let outcome = History::of(&wishes).what_if(r#"{"safety_stock":[{"units":2}]}"#);
    assert_eq!(outcome.units_sold, Both { was: 2, would_be: 1 }, "one unit can be sold");
    assert_eq!(outcome.orders_lost.len(), 1);
    assert_eq!(outcome.units_left.would_be, 2);
}

#[test]
fn units_that_are_late_are_not_moved_to_where_they_could_be_sold() {
    let wishes = [
        Wish::Deliver { sku: 0, units: 10, ahead_minutes: 0 },
        Wish::Move { sku: 0, units: 10 },
        Wish::Buy { sku: 0, units: 4, paid_after: Some(1) },
    ];
    let history = History::of(&wishes);
    let moved = |(event, _): &(Event, i64)| {
        matches!(event, Event::Inventory(InventoryEvent::StockTransferred(StockTransferred { .. })))
    };
    assert!(history.events.iter().any(moved));
    let outcome = history.what_if(r#"{"replenishment_delay":[{"days":1}]}"#);
    assert_eq!(outcome.units_sold, Both { was: 4, would_be: 0 });
}

#[test]
fn a_delivery_that_was_written_down_ahead_does_not_bring_the_one_before_it() {
    let wishes = [
        Wish::Deliver { sku: 0, units: 5, ahead_minutes: 0 },
        // Two days later, but written down before the sale.
        Wish::Deliver { sku: 0, units: 5, ahead_minutes: 2 * 24 * 60 },
        Wish::Buy { sku: 0, units: 4, paid_after: Some(1) },
    ];
    let outcome = History::of(&wishes).what_if(r#"{"replenishment_delay":[{"days":1}]}"#);
    assert_eq!(outcome.units_sold, Both { was: 4, would_be: 0 });
}
