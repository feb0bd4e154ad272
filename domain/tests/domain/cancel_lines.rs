//! Lines of an order that are cancelled while others are sent, and the location that a shipment leaves.

use crate::samples::{
    cart_line, checked_out, context, gbp, order_id, place, return_id, shipment_id, sku, units,
};
use cqrs_es::test::TestFramework;
use daybook_domain::{
    Decider as _, LineId,
    inventory::{
        CommitReservation, CountStock, Inventory, InventoryCommand, InventoryEvent, LocationQuantity,
        ReceiveStock, ReleaseUnits, ReservationReduced, ReserveStock, SetStockPolicy,
    },
    order::{
        AllocateOrder, Allocation, CancelLines, Charge, ChargeKind, ConfirmOrder, DeliverOrder, LineQuantity,
        Order, OrderCommand, OrderEvent, OrderRejection, PlaceOrder, ReturnCondition, ReturnGoods, ShipOrder,
    },
};

fn some(line: u32, count: u32) -> LineQuantity {
    LineQuantity { line_id: LineId(line), quantity: units(count) }
}

/// Three mugs at 3.33 in Leeds and York, a lamp at 20.00 in Leeds; 4.95 carriage.
fn confirmed() -> Vec<OrderEvent> {
    let lines = vec![cart_line(1, "mug", 3, 333), cart_line(2, "lamp", 1, 2_000)];
    let carriage = Charge { kind: ChargeKind::Shipping, label: "post".into(), amount: gbp(495) };
    let part = |name: &str, location: &str, count| Allocation {
        sku: sku(name),
        location: place(location),
        quantity: units(count),
    };
    let allocations = vec![part("lamp", "leeds", 1), part("mug", "leeds", 2), part("mug", "york", 1)];
    after(
        vec![],
        [
            OrderCommand::PlaceOrder(PlaceOrder { checkout: checked_out(1, lines, vec![carriage]) }),
            OrderCommand::AllocateOrder(AllocateOrder { allocations }),
            OrderCommand::ConfirmOrder(ConfirmOrder {}),
        ],
    )
}

fn after(mut events: Vec<OrderEvent>, commands: impl IntoIterator<Item = OrderCommand>) -> Vec<OrderEvent> {
    for command in commands {
        events.extend(decided(&events, command).expect("accepted"));
    }
    events
}

fn decided(events: &[OrderEvent], command: OrderCommand) -> Result<Vec<OrderEvent>, OrderRejection> {
    TestFramework::<Order>::with(context()).given(events.to_vec()).when(command).inspect_result()
}

fn cancel(lines: Option<Vec<LineQuantity>>) -> OrderCommand {
    OrderCommand::CancelLines(CancelLines { lines, reason: "too late".into() })
}

fn ship(number: u128, location: Option<&str>, lines: Option<Vec<LineQuantity>>) -> OrderCommand {
    let (shipment_id, location) = (shipment_id(number), location.map(place));
    OrderCommand::ShipOrder(ShipOrder { shipment_id, location, lines, carrier: None, tracking: None })
}

#[test]
fn what_has_not_left_can_be_cancelled_and_its_price_is_let_go_with_the_last_goods() {
    let shipped = after(confirmed(), [ship(1, Some("leeds"), Some(vec![some(1, 1)]))]);
    let events = decided(&shipped, cancel(Some(vec![some(1, 1)]))).unwrap();
    let [OrderEvent::LinesCancelled(cancelled)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((cancelled.worth, cancelled.release), (gbp(333), None));
    assert_eq!((&cancelled.skus[0].sku, cancelled.skus[0].quantity), (&sku("mug"), units(1)));
    let cancelled = [shipped, events].concat();
    let too_many = OrderRejection::TooManyUnits { line_id: LineId(1), requested: 2, possible: 1 };
    assert_eq!(decided(&cancelled, cancel(Some(vec![some(1, 2)]))), Err(too_many));

    let last = decided(&cancelled, ship(2, Some("leeds"), None)).unwrap();
    let [OrderEvent::OrderShipped(last)] = &last[..] else { panic!("{last:?}") };
    assert_eq!((last.amount, last.release), (gbp(333 + 2_000), Some(gbp(333))));
}

#[test]
fn the_rest_of_a_part_shipped_order_can_be_cancelled_and_completes_it_when_all_has_arrived() {
    let shipped = after(confirmed(), [ship(1, Some("leeds"), Some(vec![some(1, 2)]))]);
    let on_its_way = decided(&shipped, cancel(None)).unwrap();
    let [OrderEvent::LinesCancelled(cancelled)] = &on_its_way[..] else { panic!("{on_its_way:?}") };
    assert_eq!((cancelled.worth, cancelled.release), (gbp(2_333), Some(gbp(2_333))));
    let arrived = after(
        [shipped.clone(), on_its_way].concat(),
        [OrderCommand::DeliverOrder(DeliverOrder { lines: None })],
    );
    assert!(matches!(arrived.last(), Some(OrderEvent::OrderCompleted(_))));
    assert_eq!(decided(&arrived, cancel(None)), Err(OrderRejection::NothingToDo {}));

    let delivered = after(shipped, [OrderCommand::DeliverOrder(DeliverOrder { lines: None })]);
    let events = decided(&delivered, cancel(None)).unwrap();
    assert!(
        matches!(&events[..], [OrderEvent::LinesCancelled(_), OrderEvent::OrderCompleted(_)]),
        "{events:?}"
    );
}

#[test]
fn an_order_of_which_nothing_is_left_and_nothing_was_sent_is_cancelled_with_its_carriage() {
    let some_gone = after(confirmed(), [cancel(Some(vec![some(1, 3)]))]);
    let events = decided(&some_gone, cancel(Some(vec![some(2, 1)]))).unwrap();
    let [OrderEvent::OrderCancelled(cancelled)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((cancelled.order_id, cancelled.allocated), (order_id(1), true));
    let unpaid = &confirmed()[..2];
    let waiting = OrderRejection::WrongState { state: "placed, waiting for payment".into() };
    assert_eq!(decided(unpaid, cancel(None)), Err(waiting));
}

/// Of 10.00 for three, one is cancelled, two are sent one by one and come back one by one: no penny appears or is lost.
#[test]
fn pennies_that_do_not_divide_go_somewhere_once() {
    let lines = vec![cart_line(1, "mug", 3, 334)];
    let discount = Charge { kind: ChargeKind::Discount, label: "x".into(), amount: gbp(-2) };
    let allocations = vec![Allocation { sku: sku("mug"), location: place("leeds"), quantity: units(3) }];
    let back = |number| {
        let lines = vec![(some(1, 1), ReturnCondition::Sellable)];
        OrderCommand::ReturnGoods(ReturnGoods {
            return_id: return_id(number),
            lines,
            reason: None,
            location: None,
        })
    };
    let events = after(
        vec![],
        [
            OrderCommand::PlaceOrder(PlaceOrder { checkout: checked_out(1, lines, vec![discount]) }),
            OrderCommand::AllocateOrder(AllocateOrder { allocations }),
            OrderCommand::ConfirmOrder(ConfirmOrder {}),
            ship(1, None, Some(vec![some(1, 1)])),
            cancel(Some(vec![some(1, 1)])),
            ship(2, None, None),
            OrderCommand::DeliverOrder(DeliverOrder { lines: None }),
            back(1),
            back(2),
        ],
    );
    let amounts: Vec<i64> = events
        .iter()
        .filter_map(|event| match event {
            OrderEvent::OrderShipped(shipped) => Some(shipped.amount.minor),
            OrderEvent::LinesCancelled(cancelled) => Some(cancelled.worth.minor),
            OrderEvent::OrderReturned(returned) => Some(-returned.refund.minor),
            _ => None,
        })
        .collect();
    assert_eq!(amounts, [333, 333, 334, -333, -334]);
}

#[test]
fn a_shipment_from_one_of_several_locations_says_which() {
    let refused = decided(&confirmed(), ship(1, None, None));
    assert_eq!(refused, Err(OrderRejection::ChooseLocation { choices: vec![place("leeds"), place("york")] }));
    let lamp = decided(&confirmed(), ship(1, None, Some(vec![some(2, 1)]))).unwrap();
    let [OrderEvent::OrderShipped(shipped)] = &lamp[..] else { panic!("{lamp:?}") };
    assert_eq!(shipped.location, None, "it is set aside at one location only");
    // What is in Leeds has left: the rest is in York alone.
    let leeds = after(confirmed(), [ship(1, Some("leeds"), Some(vec![some(1, 2), some(2, 1)]))]);
    decided(&leeds, ship(2, None, None)).unwrap();
    // Also from where nothing was set aside.
    decided(&confirmed(), ship(1, Some("bath"), None)).unwrap();
}

#[test]
fn units_that_are_not_there_are_let_go_first() {
    let mut stock = Inventory::default();
    let mut run = |command: InventoryCommand| {
        let events = stock.decide(command, &context()).expect("accepted");
        events.iter().for_each(|event| stock.evolve(event));
        events
    };
    let (mug, leeds, order_id) = (sku("mug"), place("leeds"), order_id(1));
    let (sku, location) = (mug.clone(), leeds.clone());
    run(InventoryCommand::ReceiveStock(ReceiveStock { sku, location, quantity: units(5), reference: None }));
    let (sku, location) = (mug.clone(), leeds.clone());
    let policy = SetStockPolicy { sku, location, safety_stock: 0, backorder_limit: 0 };
    run(InventoryCommand::SetStockPolicy(policy));
    let until = crate::samples::at(900);
    run(InventoryCommand::ReserveStock(ReserveStock {
        sku: mug.clone(),
        order_id,
        quantity: units(5),
        until,
    }));
    run(InventoryCommand::CommitReservation(CommitReservation { order_id }));
    let (sku, location) = (mug.clone(), leeds.clone());
    run(InventoryCommand::CountStock(CountStock { sku, location, counted: 3 }));

    let release = |count| InventoryCommand::ReleaseUnits(ReleaseUnits { order_id, quantity: units(count) });
    let reduced = |count, uncovered| {
        let allocations = vec![LocationQuantity { location: leeds.clone(), quantity: units(count) }];
        InventoryEvent::ReservationReduced(ReservationReduced {
            sku: mug.clone(),
            order_id,
            allocations,
            uncovered,
        })
    };
    assert_eq!(run(release(1)), [reduced(1, 1)]);
    assert_eq!(run(release(2)), [reduced(2, 0)]);
    assert_eq!(
        stock.locations().map(|(_, at)| (at.on_hand, at.reserved, at.uncovered)).next(),
        Some((3, 2, 0))
    );
}
