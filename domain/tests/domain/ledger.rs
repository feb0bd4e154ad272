//! The laws of the ledgers, for all inputs: a line's units, a SKU's stock, a cart's lines.

use crate::{
    samples::Random,
    samples::{
        at, cart_id, cart_line, checked_out, context, context_at, gbp, new_line, order_id, place, pounds,
        shipment_id, sku, units,
    },
    stock::{missing_units_are_known, reconcile, sold_within_policy},
};
use daybook_domain::{
    AggregateState, Command, Decider as _, Event, LineId,
    cart::{AddLines, Cart, CartCommand, CartEvent, CheckOutCart, CreateCart},
    inventory::{
        self, CommitReservation, ExpireReservations, Inventory, InventoryCommand, InventoryEvent,
        ReleaseReason, ReleaseReservation, ReleaseUnits, ReserveStock, ShipReserved,
    },
    order::{
        AllocateOrder, Allocation, CancelLines, Charge, ChargeKind, ConfirmOrder, DeliverOrder, LineQuantity,
        Order, OrderCommand, OrderEvent, PlaceOrder, ReturnCondition, ReturnGoods, ShipOrder,
    },
};
use proptest::prelude::*;
use std::collections::BTreeMap;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stock_is_sold_within_its_policy_adds_up_and_knows_what_is_missing(seed: u64) {
        let mut random = Random::new(seed);
        let mut stock = Inventory::default();
        let mut events: Vec<InventoryEvent> = Vec::new();
        let mut now = 0;
        for _ in 0..150 {
            now += random.draw() % 200;
            let Ok(decided) = stock.decide(movement(&mut random, now), &context_at(now)) else { continue };
            for event in &decided {
                stock.evolve(event);
                sold_within_policy(&stock, event);
            }
            missing_units_are_known(&stock);
            events.extend(decided);
        }
        reconcile(&stock, &events.iter().collect::<Vec<_>>());
        let mut state = AggregateState::Inventory(stock.clone());
        state = AggregateState::from_snapshot("inventory", &state.to_snapshot()).unwrap();
        prop_assert_eq!(state, AggregateState::Inventory(stock));
    }

    #[test]
    fn a_lines_units_and_an_orders_money_always_add_up(seed: u64) {
        let mut random = Random::new(seed);
        let lines: Vec<_> = (1..=random.units(1, 5))
            .map(|id| cart_line(id, &format!("sku-{}", random.units(1, 3)), random.units(1, 7), i64::from(random.units(0, 999))))
            .collect();
        let goods: i64 = lines.iter().map(|line| line.unit_price.minor * i64::from(line.quantity.get())).sum();
        let carriage = i64::from(random.units(0, 500));
        let discount = i64::from(random.units(0, 4_000)).min(goods + carriage);
        let charge = |kind, minor| Charge { kind, label: "x".into(), amount: gbp(minor) };
        let charges = vec![charge(ChargeKind::Shipping, carriage), charge(ChargeKind::Discount, -discount)];
        let checkout = checked_out(1, lines.clone(), charges);
        let total = checkout.total.minor;
        let mut order = Order::default();
        let mut run = |command: OrderCommand| {
            let events = order.decide(command, &context());
            events.iter().flatten().for_each(|event| order.evolve(event));
            events
        };
        run(OrderCommand::PlaceOrder(PlaceOrder { checkout })).unwrap();
        let mut wanted: BTreeMap<_, u32> = BTreeMap::new();
        for line in &lines {
            *wanted.entry(line.sku.clone()).or_default() += line.quantity.get();
        }
        let allocations = wanted.into_iter()
            .map(|(sku, count)| Allocation { sku, location: place("leeds"), quantity: units(count) }).collect();
        run(OrderCommand::AllocateOrder(AllocateOrder { allocations })).unwrap();
        run(OrderCommand::ConfirmOrder(ConfirmOrder {})).unwrap();
        let mut books = Books::default();
        for number in 0..60 {
            for event in run(goods_command(&mut random, number)).unwrap_or_default() {
                books.note(&event);
            }
        }
        prop_assert!(books.refunded <= books.captured && books.captured <= total);
        for line in &lines {
            let [shipped, delivered, returned, cancelled] = books.units.get(&line.line_id).copied().unwrap_or_default();
            prop_assert!(returned <= delivered && delivered <= shipped && shipped + cancelled <= line.quantity.get());
        }
        let is_done = lines.iter().all(|line| {
            books.units.get(&line.line_id).is_some_and(|of| of[0] + of[3] == line.quantity.get())
        });
        if is_done && !books.is_cancelled {
            prop_assert_eq!(books.captured + books.cancelled, total);
            prop_assert_eq!(books.released.iter().sum::<i64>(), books.cancelled);
        } else {
            prop_assert!(books.released.is_empty());
        }
        let all = |at: usize| lines.iter().all(|line| books.units.get(&line.line_id).is_some_and(|of| of[at] == line.quantity.get()));
        if all(0) {
            prop_assert_eq!(books.captured, total);
        }
        if all(2) {
            prop_assert_eq!(books.refunded, (goods - discount).max(0));
        }
    }
}

#[derive(Default)]
struct Books {
    captured: i64,
    refunded: i64,
    cancelled: i64,
    released: Vec<i64>,
    is_cancelled: bool,
    /// Shipped, delivered, returned and cancelled, per line.
    units: BTreeMap<LineId, [u32; 4]>,
}

impl Books {
    fn note(&mut self, event: &OrderEvent) {
        let mut add = |at: usize, lines: &[LineQuantity]| {
            for line in lines {
                self.units.entry(line.line_id).or_default()[at] += line.quantity.get();
            }
        };
        match event {
            OrderEvent::OrderShipped(shipped) => {
                add(0, &shipped.lines);
                self.captured += shipped.amount.minor;
                self.released.extend(shipped.release.map(|amount| amount.minor));
            }
            OrderEvent::LinesCancelled(cancelled) => {
                add(3, &cancelled.lines);
                self.cancelled += cancelled.worth.minor;
                self.released.extend(cancelled.release.map(|amount| amount.minor));
            }
            OrderEvent::OrderCancelled(_) => self.is_cancelled = true,
            OrderEvent::OrderDelivered(delivered) => add(1, &delivered.lines),
            OrderEvent::OrderReturned(returned) => {
                for line in &returned.lines {
                    self.units.entry(line.line_id).or_default()[2] += line.quantity.get();
                }
                self.refunded += returned.refund.minor;
            }
            _ => {}
        }
    }
}

fn goods_command(random: &mut Random, number: u128) -> OrderCommand {
    let line = LineQuantity { line_id: LineId(random.units(1, 5)), quantity: units(random.units(1, 3)) };
    let lines = (!random.one_in(6)).then(|| vec![line.clone()]);
    match random.below(7) {
        0 => OrderCommand::CancelLines(CancelLines { lines, reason: "x".into() }),
        1..=2 => {
            let shipment_id = shipment_id(number);
            OrderCommand::ShipOrder(ShipOrder {
                shipment_id,
                location: None,
                lines,
                carrier: None,
                tracking: None,
            })
        }
        3..=4 => OrderCommand::DeliverOrder(DeliverOrder { lines }),
        _ => {
            let lines = vec![(line.clone(), ReturnCondition::Sellable), (line, ReturnCondition::Damaged)];
            let return_id = crate::samples::return_id(number);
            OrderCommand::ReturnGoods(ReturnGoods { return_id, lines, reason: None, location: None })
        }
    }
}

fn movement(random: &mut Random, now: u64) -> InventoryCommand {
    let order_id = order_id(random.below(9) as u128);
    let (sku, quantity) = (sku("mug"), units(random.units(1, 6)));
    let location = place(["leeds", "york", "bath"][random.below(3)]);
    match random.below(13) {
        0..=1 => InventoryCommand::ReceiveStock(inventory::ReceiveStock {
            sku,
            location,
            quantity,
            reference: None,
        }),
        2 => {
            let delta = i64::from(random.units(1, 12)) - 8;
            InventoryCommand::AdjustStock(inventory::AdjustStock { sku, location, delta, reason: "x".into() })
        }
        3 => {
            InventoryCommand::CountStock(inventory::CountStock { sku, location, counted: random.units(0, 9) })
        }
        4 => {
            let to = place(["leeds", "york", "bath"][random.below(3)]);
            InventoryCommand::TransferStock(inventory::TransferStock { sku, from: location, to, quantity })
        }
        5 => {
            let (safety_stock, backorder_limit) = (random.units(0, 3), random.units(0, 5));
            let policy = inventory::SetStockPolicy { sku, location, safety_stock, backorder_limit };
            InventoryCommand::SetStockPolicy(policy)
        }
        6..=7 => {
            InventoryCommand::ReserveStock(ReserveStock { sku, order_id, quantity, until: at(now + 300) })
        }
        8 => InventoryCommand::CommitReservation(CommitReservation { order_id }),
        9 => {
            let reason = ReleaseReason::OrderCancelled;
            InventoryCommand::ReleaseReservation(ReleaseReservation { order_id, reason })
        }
        10 => InventoryCommand::ReleaseUnits(ReleaseUnits { order_id, quantity }),
        11 => InventoryCommand::ExpireReservations(ExpireReservations {}),
        _ => InventoryCommand::ShipReserved(ShipReserved {
            order_id,
            shipment_id: shipment_id(1),
            quantity,
            location: (random.below(2) == 0).then_some(location),
        }),
    }
}

#[test]
fn an_order_of_2500_lines_goes_through_every_step() {
    let lines: Vec<_> = (0..2_500).map(|n| new_line(&format!("sku-{n}"), 3, 10 + n)).collect();
    let mut cart = Cart::default();
    let mut run = |command: CartCommand| -> Vec<CartEvent> {
        let events = cart.decide(command, &context()).unwrap();
        events.iter().for_each(|event| cart.evolve(event));
        events
    };
    let (id, currency) = (cart_id(1), pounds());
    run(CartCommand::CreateCart(CreateCart {
        cart_id: id,
        currency,
        country: None,
        customer_id: None,
        lines: vec![],
    }));
    for batch in lines.chunks(500) {
        run(CartCommand::AddLines(AddLines { lines: batch.to_vec() }));
    }
    let payment_token = "tok".to_owned();
    let charges = vec![Charge { kind: ChargeKind::Discount, label: "x".into(), amount: gbp(-777_777) }];
    let checkout = CheckOutCart { payment_token, offers: None, charges, reference: None, personal: None };
    let events = run(CartCommand::CheckOutCart(checkout));
    let [CartEvent::CartCheckedOut(checkout)] = &events[..] else { panic!("no checkout") };
    let mut order = AggregateState::new("order").unwrap();
    let mut captured = 0;
    let allocations = checkout.lines.iter().map(|line| Allocation {
        sku: line.sku.clone(),
        location: place("leeds"),
        quantity: line.quantity,
    });
    let one_of_each = |lines: &[daybook_domain::cart::CartLine]| {
        Some(lines.iter().map(|line| LineQuantity { line_id: line.line_id, quantity: units(1) }).collect())
    };
    let ship = |number, lines| ShipOrder {
        shipment_id: shipment_id(number),
        location: None,
        lines,
        carrier: None,
        tracking: None,
    };
    for command in [
        OrderCommand::PlaceOrder(PlaceOrder { checkout: checkout.clone() }),
        OrderCommand::AllocateOrder(AllocateOrder { allocations: allocations.collect() }),
        OrderCommand::ConfirmOrder(ConfirmOrder {}),
        OrderCommand::ShipOrder(ship(1, one_of_each(&checkout.lines))),
        OrderCommand::ShipOrder(ship(2, None)),
        OrderCommand::DeliverOrder(DeliverOrder { lines: None }),
    ] {
        for event in order.handle(Command::Order(order_id(1), command), &context()).unwrap() {
            if let Event::Order(OrderEvent::OrderShipped(shipped)) = event {
                captured += shipped.amount.minor;
            }
        }
    }
    assert_eq!(captured, checkout.total.minor);
    assert_eq!(AggregateState::from_snapshot("order", &order.to_snapshot()).unwrap(), order);
}
