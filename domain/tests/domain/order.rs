//! Orders: placed, allocated, paid for, sent, brought, sent back; or nothing came of them.

use crate::samples::{
    cart_id, cart_line, checked_out, context, gbp, order_id, payment_id, place, return_id, shipment_id, sku,
    units,
};
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use daybook_domain::{
    Decider as _, LineId, Money,
    cart::{CartCheckedOut, CartLine},
    order::{
        AllocateOrder, Allocation, AllocationDiscarded, CancelOrder, Charge, ChargeKind, ConfirmOrder,
        DeliverOrder, LineQuantity, Order, OrderCommand, OrderConfirmed, OrderEvent, OrderRejected,
        OrderRejection, PlaceOrder, RejectOrder, RejectReason, ReturnCondition, ReturnGoods, ShipOrder,
    },
};

fn charge(kind: ChargeKind, minor: i64) -> Charge {
    Charge { kind, label: "extra".into(), amount: gbp(minor) }
}

/// Three mugs at 3.33 and a lamp at 20.00, 2.00 off, 4.95 carriage.
fn place_order() -> OrderCommand {
    let lines = vec![cart_line(1, "mug", 3, 333), cart_line(2, "lamp", 1, 2_000)];
    let charges = vec![charge(ChargeKind::Discount, -200), charge(ChargeKind::Shipping, 495)];
    OrderCommand::PlaceOrder(PlaceOrder { checkout: checked_out(1, lines, charges) })
}

fn allocations() -> Vec<Allocation> {
    let part = |name: &str, location: &str, count| Allocation {
        sku: sku(name),
        location: place(location),
        quantity: units(count),
    };
    vec![part("lamp", "leeds", 1), part("mug", "leeds", 2), part("mug", "york", 1)]
}

fn allocate() -> OrderCommand {
    OrderCommand::AllocateOrder(AllocateOrder { allocations: allocations() })
}

fn reject() -> OrderCommand {
    OrderCommand::RejectOrder(RejectOrder { reason: RejectReason::PaymentTimedOut {} })
}

fn cancel() -> OrderCommand {
    OrderCommand::CancelOrder(CancelOrder { reason: "changed my mind".into() })
}

fn confirm() -> OrderCommand {
    OrderCommand::ConfirmOrder(ConfirmOrder {})
}

fn ship(number: u128, lines: Option<Vec<LineQuantity>>) -> OrderCommand {
    let shipment_id = shipment_id(number);
    OrderCommand::ShipOrder(ShipOrder {
        shipment_id,
        location: Some(place("leeds")),
        lines,
        carrier: None,
        tracking: None,
    })
}

fn deliver() -> OrderCommand {
    OrderCommand::DeliverOrder(DeliverOrder { lines: None })
}

fn give_back(number: u128, lines: Vec<(LineQuantity, ReturnCondition)>) -> OrderCommand {
    OrderCommand::ReturnGoods(ReturnGoods {
        return_id: return_id(number),
        lines,
        reason: None,
        location: None,
    })
}

fn some(line: u32, count: u32) -> LineQuantity {
    LineQuantity { line_id: LineId(line), quantity: units(count) }
}

fn given(events: Vec<OrderEvent>) -> AggregateTestExecutor<Order> {
    TestFramework::with(context()).given(events)
}

/// The events of these commands, one after the other.
fn after(commands: impl IntoIterator<Item = OrderCommand>) -> Vec<OrderEvent> {
    let mut events = Vec::new();
    for command in commands {
        events.extend(given(events.clone()).when(command).inspect_result().expect("accepted"));
    }
    events
}

fn confirmed() -> Vec<OrderEvent> {
    after([place_order(), allocate(), confirm()])
}

#[test]
fn discounts_are_spread_over_the_lines_to_the_penny() {
    let OrderEvent::OrderPlaced(placed) = &after([place_order()])[0] else { panic!() };
    let nets: Vec<Money> = placed.lines.iter().map(|line| line.net).collect();
    assert_eq!(nets, [gbp(999 - 67), gbp(2_000 - 133)]);
    assert_eq!(placed.total, gbp(3_294));
    assert_eq!(placed.number, order_id(1).number());
}

#[test]
fn a_discount_above_the_goods_is_taken_off_the_carriage() {
    let charges = vec![charge(ChargeKind::Discount, -1_200), charge(ChargeKind::Shipping, 495)];
    let checkout = checked_out(1, vec![cart_line(1, "mug", 1, 1_000)], charges);
    let part = vec![Allocation { sku: sku("mug"), location: place("leeds"), quantity: units(1) }];
    let events = after([
        OrderCommand::PlaceOrder(PlaceOrder { checkout }),
        OrderCommand::AllocateOrder(AllocateOrder { allocations: part }),
        confirm(),
        ship(1, None),
    ]);
    let OrderEvent::OrderShipped(shipped) = &events[3] else { panic!() };
    assert_eq!(shipped.amount, gbp(295));
}

#[test]
fn parcels_capture_the_total_to_the_penny_and_carriage_with_the_first() {
    let events = after([
        place_order(),
        allocate(),
        confirm(),
        ship(1, Some(vec![some(1, 1)])),
        ship(2, Some(vec![some(1, 1)])),
        ship(3, None),
    ]);
    let amounts: Vec<i64> = events
        .iter()
        .filter_map(|event| match event {
            OrderEvent::OrderShipped(shipped) => Some(shipped.amount.minor),
            _ => None,
        })
        .collect();
    assert_eq!(amounts, [310 + 495, 311, 311 + 1_867]);
    assert_eq!(amounts.iter().sum::<i64>(), 3_294);
}

#[test]
fn the_last_delivery_completes_the_order() {
    let events = after([place_order(), allocate(), confirm(), ship(1, Some(vec![some(1, 3)])), deliver()]);
    assert!(!events.iter().any(|event| matches!(event, OrderEvent::OrderCompleted(_))));
    let rest = given(events).and(vec![]).when(ship(2, None)).inspect_result().unwrap();
    assert_eq!(rest.len(), 1);
    let all = after([place_order(), allocate(), confirm(), ship(1, None), deliver()]);
    assert!(matches!(all.last(), Some(OrderEvent::OrderCompleted(_))));
}

#[test]
fn returns_are_refunded_at_what_was_paid_and_never_beyond_what_was_delivered() {
    let delivered = after([place_order(), allocate(), confirm(), ship(1, None), deliver()]);
    let lines = vec![(some(1, 1), ReturnCondition::Sellable), (some(1, 1), ReturnCondition::Damaged)];
    let back = given(delivered.clone()).when(give_back(1, lines)).inspect_result().unwrap();
    let OrderEvent::OrderReturned(returned) = &back[0] else { panic!() };
    assert_eq!((returned.refund, returned.lines.len()), (gbp(621), 2));
    assert_eq!(returned.location, place("leeds"));
    let refusal = OrderRejection::TooManyUnits { line_id: LineId(1), requested: 2, possible: 1 };
    given(delivered.clone())
        .and(back.clone())
        .when(give_back(2, vec![(some(1, 2), ReturnCondition::Sellable)]))
        .then_expect_error(refusal);
    given(delivered)
        .and(back)
        .when(give_back(1, vec![(some(1, 1), ReturnCondition::Sellable)]))
        .then_expect_events(vec![]);
}

#[test]
fn a_parcel_announced_again_changes_nothing() {
    let shipped = after([place_order(), allocate(), confirm(), ship(1, Some(vec![some(1, 1)]))]);
    given(shipped).when(ship(1, Some(vec![some(1, 1)]))).then_expect_events(vec![]);
}

#[test]
fn a_confirmed_order_is_confirmed_and_a_rejected_one_rejected_however_often() {
    let (order_id, cart_id) = (order_id(1), cart_id(1));
    let expected = OrderEvent::OrderConfirmed(OrderConfirmed { order_id, cart_id });
    assert_eq!(confirmed().last(), Some(&expected));
    given(confirmed()).when(confirm()).then_expect_events(vec![]);
    given(confirmed())
        .when(reject())
        .then_expect_error(OrderRejection::WrongState { state: "confirmed".into() });
    let rejected = after([place_order(), allocate(), reject()]);
    given(rejected.clone()).when(reject()).then_expect_events(vec![]);
    given(rejected)
        .when(confirm())
        .then_expect_error(OrderRejection::WrongState { state: "rejected".into() });
}

#[test]
fn a_rejection_says_what_is_to_be_let_go() {
    let expected = |allocated| {
        OrderEvent::OrderRejected(OrderRejected {
            order_id: order_id(1),
            cart_id: cart_id(1),
            payment_id: payment_id(1),
            reason: RejectReason::PaymentTimedOut {},
            allocated,
            skus: vec![sku("lamp"), sku("mug")],
        })
    };
    given(after([place_order()])).when(reject()).then_expect_events(vec![expected(false)]);
    given(after([place_order(), allocate()])).when(reject()).then_expect_events(vec![expected(true)]);
}

#[test]
fn stock_that_comes_too_late_is_recorded_to_be_let_go() {
    let late = AllocationDiscarded { order_id: order_id(1), skus: vec![sku("lamp"), sku("mug")] };
    for end in [reject(), cancel()] {
        given(after([place_order(), end]))
            .when(allocate())
            .then_expect_events(vec![OrderEvent::AllocationDiscarded(late.clone())]);
    }
}

#[test]
fn an_order_can_be_cancelled_until_goods_have_left() {
    given(confirmed()).when(cancel()).inspect_result().unwrap();
    let shipped = after([place_order(), allocate(), confirm(), ship(1, Some(vec![some(1, 1)]))]);
    given(shipped).when(cancel()).then_expect_error(OrderRejection::AlreadyShipped {});
}

#[test]
fn an_allocation_covers_every_sku_exactly() {
    let mut short = allocations();
    short.pop();
    given(after([place_order()]))
        .when(OrderCommand::AllocateOrder(AllocateOrder { allocations: short }))
        .then_expect_error(OrderRejection::NotCovered { sku: sku("mug"), ordered: 3, allocated: 2 });
}

#[test]
fn a_total_that_does_not_fit_is_refused() {
    let mut checkout = checked_out(1, vec![cart_line(1, "mug", 1, 1_000)], vec![]);
    checkout.total = gbp(999);
    given(vec![])
        .when(OrderCommand::PlaceOrder(PlaceOrder { checkout }))
        .then_expect_error(OrderRejection::TotalDiffers { total: gbp(999) });
}

#[test]
fn nothing_left_to_do_is_said_so() {
    given(after([place_order(), allocate(), confirm(), ship(1, None)]))
        .when(ship(2, None))
        .then_expect_error(OrderRejection::NothingToDo {});
}

/// Goods that come to the least amount there is, beside a discount, once overflowed.
#[test]
fn the_least_amount_there_is_beside_a_discount_is_spread_without_overflow() {
    let charges = vec![
        charge(ChargeKind::Manual, i64::MAX),
        charge(ChargeKind::Manual, 20),
        charge(ChargeKind::Discount, -1),
    ];
    let checkout =
        CartCheckedOut { total: gbp(18), charges, ..checked_out(1, vec![cart_line(1, "mug", 1, 0)], vec![]) };
    let lines = vec![CartLine { unit_price: gbp(i64::MIN), ..cart_line(1, "mug", 1, 0) }];
    let place = OrderCommand::PlaceOrder(PlaceOrder { checkout: CartCheckedOut { lines, ..checkout } });
    let placed = Order::default().decide(place, &context());
    // A discount of more than the goods is worth is none on them.
    assert!(
        matches!(&placed.as_deref(), Ok([OrderEvent::OrderPlaced(placed)]) if placed.total == gbp(18)),
        "{placed:?}"
    );
}
