//! A whole shop under random commands, its processes in random order with random repeats: in the end every
//! order is final, and order, stock, payment and the gateway's own books agree.

use crate::{
    samples::{START, cart_id, gbp, new_line, order_id, pounds, return_id, shipment_id, sku, units},
    shop::Shop,
};
use daybook_domain::{
    AggregateState, Command, CreditId, Event, LineId, Sku,
    cart::{Cart, CartCommand, CheckOutCart, CreateCart, MergeCart},
    inventory::{AdjustStock, InventoryCommand, InventoryEvent, ReceiveStock, SetStockPolicy},
    order::{
        CancelLines, CancelOrder, Charge, ChargeKind, CreditOrder, DeliverOrder, Lifecycle, LineQuantity,
        OrderCommand, OrderEvent, ReturnCondition, ReturnGoods, ShipOrder,
    },
    payment::PaymentStatus,
    process::ProcessConfig,
};
use proptest::prelude::*;
use std::{collections::BTreeMap, time::Duration};

const SKUS: [&str; 3] = ["mug", "lamp", "rug"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_order_ends_with_stock_and_payment_agreeing(seed: u64) {
        let mut shop = trade(seed);
        shop.settle();
        agree(&shop);
    }
}

fn trade(seed: u64) -> Shop {
    let config = ProcessConfig {
        reservation_hold: Duration::from_secs(900),
        cart_idle: Some(Duration::from_secs(86_400)),
    };
    let mut shop = Shop::new(seed, START, config);
    let carts = 10;
    for _ in 0..200 {
        customer_or_staff(&mut shop, carts);
        for _ in 0..shop.random.below(12) {
            shop.step();
        }
        let amounts: BTreeMap<_, _> = authorizations(&shop);
        let Shop { gateway, random, .. } = &mut shop;
        gateway.act(|payment| amounts.get(&payment).copied().unwrap_or(0), random);
        let seconds = if shop.random.one_in(25) { 1_000 } else { 5 };
        shop.pass(seconds);
    }
    shop
}

/// One thing somebody does; that much of it is refused is part of the game.
fn customer_or_staff(shop: &mut Shop, carts: usize) {
    let number = 1 + shop.random.below(carts) as u128;
    let name = SKUS[shop.random.below(SKUS.len())];
    let command = match shop.random.below(20) {
        0..=1 => create(shop, number),
        2..=3 => check_out(shop, number),
        4 => Command::Order(order_id(number), OrderCommand::CancelOrder(CancelOrder { reason: "no".into() })),
        5 => {
            let reason = "broken".to_owned();
            let delta = i64::from(shop.random.units(1, 6)) - 4;
            let adjust = AdjustStock { sku: sku(name), location: location(shop), delta, reason };
            Command::Inventory(sku(name), InventoryCommand::AdjustStock(adjust))
        }
        6 => {
            let quantity = units(shop.random.units(1, 8));
            let receive =
                ReceiveStock { sku: sku(name), location: location(shop), quantity, reference: None };
            Command::Inventory(sku(name), InventoryCommand::ReceiveStock(receive))
        }
        7 => {
            let policy = SetStockPolicy {
                sku: sku(name),
                location: location(shop),
                safety_stock: shop.random.units(0, 2),
                backorder_limit: shop.random.units(0, 3),
            };
            Command::Inventory(sku(name), InventoryCommand::SetStockPolicy(policy))
        }
        8..=10 => {
            let lines = some_lines(shop);
            let shipment_id = shipment_id(shop.random.below(4) as u128);
            let location = shop.random.one_in(2).then(|| location(shop));
            let ship = ShipOrder { shipment_id, location, lines, carrier: None, tracking: None };
            Command::Order(order_id(number), OrderCommand::ShipOrder(ship))
        }
        11 => {
            let credit = CreditOrder {
                credit_id: CreditId::new(uuid::Uuid::from_u128(shop.random.below(9) as u128)),
                kind: ChargeKind::Discount,
                label: "sorry".to_owned(),
                amount: gbp(i64::from(shop.random.units(1, 400))),
            };
            Command::Order(order_id(number), OrderCommand::CreditOrder(credit))
        }
        15 => {
            let cancel = CancelLines { lines: some_lines(shop), reason: "no".to_owned() };
            Command::Order(order_id(number), OrderCommand::CancelLines(cancel))
        }
        12..=14 => Command::Order(
            order_id(number),
            OrderCommand::DeliverOrder(DeliverOrder { lines: some_lines(shop) }),
        ),
        _ => {
            let condition =
                if shop.random.one_in(3) { ReturnCondition::Damaged } else { ReturnCondition::Sellable };
            let lines = one_line(shop).into_iter().map(|line| (line, condition)).collect();
            let return_id = return_id(shop.random.below(4) as u128);
            let back = ReturnGoods { return_id, lines, reason: None, location: None };
            Command::Order(order_id(number), OrderCommand::ReturnGoods(back))
        }
    };
    let merge = MergeCart { into: cart_id(1 + (number + 1) % carts as u128) };
    let command = if shop.random.one_in(40) {
        Command::Cart(cart_id(number), CartCommand::MergeCart(merge))
    } else {
        command
    };
    let _ = shop.ask(command);
}

fn location(shop: &mut Shop) -> daybook_domain::LocationId {
    crate::samples::place(["leeds", "york"][shop.random.below(2)])
}

fn some_lines(shop: &mut Shop) -> Option<Vec<LineQuantity>> {
    if shop.random.one_in(2) {
        return None;
    }
    Some(one_line(shop))
}

fn one_line(shop: &mut Shop) -> Vec<LineQuantity> {
    let quantity = units(shop.random.units(1, 2));
    vec![LineQuantity { line_id: LineId(shop.random.units(1, 2)), quantity }]
}

fn create(shop: &mut Shop, number: u128) -> Command {
    let lines = (0..shop.random.units(1, 3)).map(|_| {
        let name = SKUS[shop.random.below(SKUS.len())];
        let (quantity, price) = (shop.random.units(1, 3), i64::from(shop.random.units(0, 3)) * 333);
        new_line(name, quantity, price)
    });
    let lines = lines.collect();
    let create =
        CreateCart { cart_id: cart_id(number), currency: pounds(), country: None, customer_id: None, lines };
    Command::Cart(cart_id(number), CartCommand::CreateCart(create))
}

fn check_out(shop: &mut Shop, number: u128) -> Command {
    let charge = |kind, amount| Charge { kind, label: "extra".to_owned(), amount: gbp(amount) };
    let mut charges = Vec::new();
    if shop.random.one_in(2) {
        charges.push(charge(ChargeKind::Shipping, 495));
    }
    if shop.random.one_in(3) {
        charges.push(charge(ChargeKind::Discount, -i64::from(shop.random.units(1, 700))));
    }
    let token =
        *shop.random.pick(&["tok_visa", "tok_visa", "tok_declined", "tok_action"]).unwrap_or(&"tok_visa");
    let checkout = CheckOutCart {
        payment_token: token.to_owned(),
        offers: None,
        charges,
        reference: None,
        personal: None,
    };
    Command::Cart(cart_id(number), CartCommand::CheckOutCart(checkout))
}

fn authorizations(shop: &Shop) -> BTreeMap<daybook_domain::PaymentId, i64> {
    let placed = shop.log.iter().filter_map(|recorded| match &recorded.event {
        Event::Order(OrderEvent::OrderPlaced(placed)) => Some((placed.payment_id, placed.total.minor)),
        _ => None,
    });
    placed.collect()
}

/// What the log says was shipped and given back, in money.
#[derive(Default)]
struct Books {
    total: i64,
    shipped: i64,
    returned: i64,
    cancelled: i64,
    /// Told to be let go of the authorisation, because nothing is left to ship.
    released: i64,
}

fn agree(shop: &Shop) {
    let mut orders = BTreeMap::new();
    let mut of_cart = BTreeMap::new();
    for recorded in &shop.log {
        let Event::Order(event) = &recorded.event else { continue };
        let books: &mut Books = orders.entry(recorded.stream.clone()).or_default();
        match event {
            OrderEvent::OrderPlaced(placed) => {
                books.total = placed.total.minor;
                assert_eq!(of_cart.insert(placed.cart_id, placed.order_id), None, "one cart, two orders");
            }
            OrderEvent::OrderShipped(shipped) => {
                books.shipped += shipped.amount.minor;
                books.released += shipped.release.map_or(0, |amount| amount.minor);
            }
            OrderEvent::LinesCancelled(cancelled) => {
                books.cancelled += cancelled.worth.minor;
                books.released += cancelled.release.map_or(0, |amount| amount.minor);
            }
            OrderEvent::OrderReturned(returned) => books.returned += returned.refund.minor,
            OrderEvent::OrderCredited(credited) => books.returned += credited.amount.minor,
            _ => {}
        }
    }
    for (cart, order) in &of_cart {
        let stream = format!("order-{order}");
        let Some(AggregateState::Order(state)) = shop.states.get(&stream) else {
            panic!("{stream} is missing")
        };
        let lifecycle = state.lifecycle().expect("placed");
        let over = matches!(lifecycle, Lifecycle::Rejected | Lifecycle::Cancelled);
        assert_ne!(lifecycle, Lifecycle::Placed, "{stream} is not final");
        match shop.states.get(&format!("cart-{cart}")) {
            Some(AggregateState::Cart(Cart::Abandoned { .. })) => assert_eq!(lifecycle, Lifecycle::Rejected),
            Some(AggregateState::Cart(Cart::Ordered { .. })) => assert_ne!(lifecycle, Lifecycle::Rejected),
            other => panic!("the cart of {stream} is {other:?}"),
        }
        payment_agrees(shop, *order, lifecycle, &orders[&stream]);
        stock_agrees(shop, *order, over);
    }
    for (stream, state) in &shop.states {
        fold_agrees(shop, stream, state);
    }
}

fn payment_agrees(shop: &Shop, order: daybook_domain::OrderId, lifecycle: Lifecycle, books: &Books) {
    let payment = order.payment_id();
    let gateway = shop.gateway.accounts.get(&payment).copied().unwrap_or_default();
    let status = match shop.states.get(&format!("payment-{payment}")) {
        Some(AggregateState::Payment(payment)) => payment.status(),
        _ => None,
    };
    if matches!(lifecycle, Lifecycle::Rejected | Lifecycle::Cancelled) {
        assert_eq!(gateway.authorized, gateway.voided, "{order} is over, its money is not back: {status:?}");
        assert_eq!(gateway.captured, 0);
        let quiet = [PaymentStatus::CalledOff, PaymentStatus::Declined, PaymentStatus::Voided];
        assert!(status.is_none_or(|status| quiet.contains(&status)), "{order}: {status:?}");
    } else {
        assert_eq!(gateway.authorized, books.total);
        assert_eq!(gateway.captured, books.shipped, "{order}: {status:?}");
        assert_eq!(gateway.refunded, books.returned, "{order}: {status:?}");
        assert_eq!(gateway.voided, books.released, "{order}: {status:?}");
        assert!(books.shipped <= books.total && books.returned <= books.shipped);
    }
    if lifecycle == Lifecycle::Completed {
        let kept = books.total - books.cancelled;
        assert_eq!(books.shipped, kept, "{order} is delivered and not paid in full");
        assert_eq!(
            books.released, books.cancelled,
            "{order} is delivered, and money is set aside for nothing"
        );
    }
}

fn stock_agrees(shop: &Shop, order: daybook_domain::OrderId, over: bool) {
    let mut wanted: BTreeMap<Sku, i64> = BTreeMap::new();
    let mut open: BTreeMap<Sku, i64> = BTreeMap::new();
    for recorded in &shop.log {
        match &recorded.event {
            Event::Order(OrderEvent::OrderPlaced(placed)) if placed.order_id == order && !over => {
                for line in &placed.lines {
                    *wanted.entry(line.sku.clone()).or_default() += i64::from(line.quantity.get());
                }
            }
            Event::Order(OrderEvent::OrderShipped(shipped)) if shipped.order_id == order => {
                for part in &shipped.skus {
                    *wanted.entry(part.sku.clone()).or_default() -= i64::from(part.quantity.get());
                }
            }
            Event::Order(OrderEvent::LinesCancelled(cancelled)) if cancelled.order_id == order && !over => {
                for part in &cancelled.skus {
                    *wanted.entry(part.sku.clone()).or_default() -= i64::from(part.quantity.get());
                }
            }
            Event::Inventory(event) => crate::stock::follow(event, order, &mut open),
            _ => {}
        }
    }
    wanted.retain(|_, units| *units != 0);
    open.retain(|_, units| *units != 0);
    assert_eq!(open, wanted, "{order}: stock set aside is not what is still to be shipped");
}

/// Folding the log again, and taking a snapshot on the way, both lead to the same state.
fn fold_agrees(shop: &Shop, stream: &str, state: &AggregateState) {
    let kind = state.aggregate();
    let mut folded = AggregateState::new(kind).expect("it exists");
    let mut thawed = folded.clone();
    for recorded in shop.log.iter().filter(|recorded| recorded.stream == stream) {
        let payload = recorded.event.encode();
        let event =
            Event::decode(kind, recorded.event.type_name(), recorded.event.schema_version(), &payload);
        let event = event.expect("what is written can be read");
        folded.apply(&event);
        thawed = AggregateState::from_snapshot(kind, &thawed.to_snapshot()).expect("snapshots can be read");
        thawed.apply(&event);
        if let (AggregateState::Inventory(stock), Event::Inventory(event)) = (&folded, &recorded.event) {
            crate::stock::sold_within_policy(stock, event);
        }
    }
    assert_eq!(&folded, state, "{stream}");
    assert_eq!(&thawed, state, "{stream}");
    if let AggregateState::Inventory(stock) = state {
        crate::stock::missing_units_are_known(stock);
        let events: Vec<&InventoryEvent> = shop
            .log
            .iter()
            .filter(|recorded| recorded.stream == stream)
            .filter_map(|recorded| match &recorded.event {
                Event::Inventory(event) => Some(event),
                _ => None,
            })
            .collect();
        crate::stock::reconcile(stock, &events);
    }
}
