//! Processes: an event in, commands out; and what follows when the commands have their answers.

use crate::samples::{
    at, cart_id, cart_line, checked_out, gbp, operation, order_id, payment_id, place, return_id, shipment_id,
    sku, units,
};
use daybook_domain::{
    AGGREGATES, Command, Event, LineId, Rejection, all_samples,
    inventory::{InventoryEvent, InventoryRejection, LocationQuantity, StockReserved},
    order::{
        Allocation, OrderAllocated, OrderCancelled, OrderCommand, OrderEvent, OrderLine, OrderPlaced,
        OrderRejected, OrderReturned, OrderShipped, RejectReason, ReturnCondition, ReturnedLine, SkuQuantity,
    },
    payment::{
        AuthorizationRequested, CaptureFailed, OperationKind, PaymentActionRequired, PaymentAuthorized,
        PaymentCommand, PaymentEvent, PaymentRejection,
    },
    process::{self, Deadline, Process, ProcessConfig, Reaction, Refusal, StepOutcome, Trigger},
};
use std::{collections::BTreeSet, time::Duration};

fn all() -> Vec<Box<dyn Process>> {
    process::all(ProcessConfig { cart_idle: Some(Duration::from_secs(60)), ..ProcessConfig::default() })
}

fn the(name: &str) -> Box<dyn Process> {
    all().into_iter().find(|process| process.name() == name).expect("there is such a process")
}

fn trigger(event: &Event) -> Trigger<'_> {
    Trigger {
        event,
        aggregate_id: "0192f3a1-7c00-7000-8000-000000000001",
        version: 3,
        occurred_at: at(0),
        attempt: 0,
    }
}

fn named(commands: &[Command]) -> Vec<String> {
    commands.iter().map(|command| format!("{} to {}", command.name(), command.stream_name())).collect()
}

/// What all processes together do about an event at once.
fn reactions(event: &Event) -> Vec<String> {
    let concerned = all().into_iter().filter(|process| process.interests().contain(event.kind().index()));
    let commands = concerned.flat_map(|process| match process.react(trigger(event)) {
        Reaction::Commands(commands) => named(&commands),
        Reaction::CallGateway(request) => vec![format!("call {:?}", request.kind)],
        Reaction::ResolveGateway(request) => vec![format!("resolve {:?}", request.kind)],
        Reaction::Nothing => Vec::new(),
    });
    commands.collect()
}

fn placed() -> Event {
    let line = |id, name: &str, count| OrderLine {
        line_id: LineId(id),
        sku: sku(name),
        product_id: name.parse().unwrap(),
        title: name.into(),
        quantity: units(count),
        unit_price: gbp(1),
        net: gbp(i64::from(count)),
    };
    Event::Order(OrderEvent::OrderPlaced(OrderPlaced {
        order_id: order_id(1),
        number: order_id(1).number(),
        cart_id: cart_id(1),
        payment_id: payment_id(1),
        customer_id: None,
        currency: gbp(0).currency,
        country: None,
        lines: vec![line(1, "rug", 1), line(2, "mug", 2), line(3, "rug", 3)],
        charges: vec![],
        total: gbp(6),
        payment_token: "tok".into(),
        reference: None,
        personal: Default::default(),
    }))
}

fn reserved(name: &str, count: u32) -> StepOutcome {
    let allocations = vec![LocationQuantity { location: place("leeds"), quantity: units(count) }];
    let reserved = StockReserved { sku: sku(name), order_id: order_id(1), allocations, until: at(900) };
    Ok(vec![Event::Inventory(InventoryEvent::StockReserved(reserved))])
}

fn out_of_stock(name: &str) -> StepOutcome {
    Err(Rejection::Inventory(InventoryRejection::OutOfStock { sku: sku(name), requested: 4, available: 3 }))
}

#[test]
fn nothing_reacts_outside_its_interests() {
    let mut reacted = BTreeSet::new();
    for event in all_samples().iter().flat_map(|samples| &samples.events) {
        for process in all() {
            let is_of_interest = process.interests().contain(event.kind().index());
            let reacts = process.react(trigger(event)) != Reaction::Nothing;
            let sets = process.deadline(trigger(event)) != Deadline::Unchanged;
            if reacts || sets {
                assert!(is_of_interest, "{} reacts to {}", process.name(), event.type_name());
                reacted.insert(process.name());
            }
        }
    }
    assert_eq!(reacted.len(), all().len(), "no sample makes the others react: {reacted:?}");
}

#[test]
fn names_are_sentences_and_each_is_there_once() {
    let names: BTreeSet<&str> = all().iter().map(|process| process.name()).collect();
    assert_eq!(names.len(), all().len());
    assert!(names.iter().all(|name| name.contains("_when_")), "{names:?}");
}

#[test]
fn every_event_a_process_waits_for_can_happen() {
    for process in all() {
        let interests = process.interests();
        assert!(Event::kinds().any(|kind| interests.contain(kind.index())), "{}", process.name());
    }
}

#[test]
fn what_concludes_a_reaction_can_happen_in_the_stream_that_it_reacts_to() {
    for process in all() {
        for conclusion in process.conclusions() {
            let can_follow = AGGREGATES.iter().any(|aggregate| {
                aggregate.events.iter().any(|kind| process.interests().contain(kind.index()))
                    && aggregate.events.iter().any(|kind| kind.name == *conclusion)
            });
            assert!(can_follow, "{}: {conclusion}", process.name());
        }
    }
}

#[test]
fn a_checked_out_cart_becomes_its_order() {
    let checkout = checked_out(1, vec![cart_line(1, "mug", 1, 500)], vec![]);
    let event = Event::Cart(daybook_domain::cart::CartEvent::CartCheckedOut(checkout));
    assert_eq!(reactions(&event), [format!("PlaceOrder to order-{}", order_id(1))]);
}

#[test]
fn every_sku_of_a_placed_order_is_reserved_once_for_all_its_lines() {
    let rule = the("reserve_stock_when_order_is_placed");
    let Reaction::Commands(commands) = rule.react(trigger(&placed())) else { panic!("no commands") };
    assert_eq!(named(&commands), ["ReserveStock to inventory-mug", "ReserveStock to inventory-rug"]);
    let Command::Inventory(_, daybook_domain::inventory::InventoryCommand::ReserveStock(rug)) = &commands[1]
    else {
        panic!("no reservation")
    };
    assert_eq!((rug.quantity, rug.until), (units(4), at(900)));
}

#[test]
fn an_order_with_all_its_stock_is_allocated() {
    let rule = the("reserve_stock_when_order_is_placed");
    let commands = rule.resolve(trigger(&placed()), &[reserved("mug", 2), reserved("rug", 4)]);
    let [Command::Order(_, OrderCommand::AllocateOrder(allocate))] = &commands[..] else {
        panic!("{commands:?}")
    };
    let part =
        |name: &str, count| Allocation { sku: sku(name), location: place("leeds"), quantity: units(count) };
    assert_eq!(allocate.allocations, [part("mug", 2), part("rug", 4)]);
}

#[test]
fn an_order_without_all_its_stock_lets_go_of_the_rest_and_is_rejected_with_the_reason() {
    let rule = the("reserve_stock_when_order_is_placed");
    let commands = rule.resolve(trigger(&placed()), &[reserved("mug", 2), out_of_stock("rug")]);
    let order = format!("RejectOrder to order-{}", order_id(1));
    assert_eq!(named(&commands), ["ReleaseReservation to inventory-mug", order.as_str()]);
    let reason = RejectReason::OutOfStock { sku: sku("rug"), requested: 4, available: 3 };
    let Some(Command::Order(_, OrderCommand::RejectOrder(reject))) = commands.last() else { panic!() };
    assert_eq!(reject.reason, reason);
}

#[test]
fn only_a_lack_of_stock_is_told_as_out_of_stock() {
    let rule = the("reserve_stock_when_order_is_placed");
    let meant =
        |rejection| rule.refused(trigger(&placed()), "ReserveStock", &Rejection::Inventory(rejection));
    let lack = InventoryRejection::OutOfStock { sku: sku("rug"), requested: 4, available: 3 };
    assert_eq!(meant(lack), Refusal::Expected);
    assert_eq!(meant(InventoryRejection::AlreadyReserved { order_id: order_id(1) }), Refusal::DeadLetter);
    let invalid = InventoryRejection::InvalidMovement { field: "until".into(), detail: "it is past".into() };
    assert_eq!(meant(invalid), Refusal::DeadLetter);
}

#[test]
fn payment_is_asked_for_what_is_allocated_and_of_the_gateway_only_if_it_costs_something() {
    let part = |name: &str| Allocation { sku: sku(name), location: place("leeds"), quantity: units(1) };
    let event = Event::Order(OrderEvent::OrderAllocated(OrderAllocated {
        order_id: order_id(1),
        payment_id: payment_id(1),
        amount: gbp(6),
        payment_token: "tok".into(),
        allocations: vec![part("mug"), part("mug"), part("rug")],
    }));
    let Reaction::Commands(commands) = the("request_payment_when_order_is_allocated").react(trigger(&event))
    else {
        panic!("no commands")
    };
    let [Command::Payment(_, PaymentCommand::RequestAuthorization(request))] = &commands[..] else {
        panic!()
    };
    assert_eq!(request.skus, [sku("mug"), sku("rug")]);
    let requested = |minor| {
        Event::Payment(PaymentEvent::AuthorizationRequested(AuthorizationRequested {
            payment_id: payment_id(1),
            order_id: order_id(1),
            operation_id: operation(1, "authorize"),
            amount: gbp(minor),
            token: "tok".into(),
            skus: vec![],
        }))
    };
    assert_eq!(reactions(&requested(6)), ["call Authorize"]);
    assert_eq!(reactions(&requested(0)), Vec::<String>::new());
}

#[test]
fn what_the_customer_has_to_do_is_asked_about_under_the_same_operation() {
    let event = Event::Payment(PaymentEvent::PaymentActionRequired(PaymentActionRequired {
        payment_id: payment_id(1),
        order_id: order_id(1),
        operation_id: operation(1, "authorize"),
        url: "https://bank.example".into(),
        amount: gbp(6),
        token: "tok".into(),
    }));
    let rule = the("resolve_payment_when_outcome_is_unknown");
    let Reaction::ResolveGateway(request) = rule.react(trigger(&event)) else { panic!("not asked") };
    assert_eq!((request.kind, request.operation_id), (OperationKind::Authorize, operation(1, "authorize")));
}

#[test]
fn a_paid_order_is_confirmed_if_all_its_stock_is_still_there_and_rejected_if_not() {
    let event = Event::Payment(PaymentEvent::PaymentAuthorized(PaymentAuthorized {
        payment_id: payment_id(1),
        order_id: order_id(1),
        operation_id: operation(1, "authorize"),
        amount: gbp(6),
        reference: "ref".into(),
        skus: vec![sku("mug"), sku("rug")],
    }));
    assert_eq!(
        reactions(&event),
        ["CommitReservation to inventory-mug", "CommitReservation to inventory-rug"]
    );
    let rule = the("commit_stock_when_payment_is_authorized");
    let expired =
        Err(Rejection::Inventory(InventoryRejection::ReservationHasExpired { order_id: order_id(1) }));
    let order = order_id(1);
    let resolve = |outcomes: &[StepOutcome]| named(&rule.resolve(trigger(&event), outcomes));
    assert_eq!(resolve(&[Ok(vec![]), Ok(vec![])]), [format!("ConfirmOrder to order-{order}")]);
    assert_eq!(resolve(&[Ok(vec![]), expired]), [format!("RejectOrder to order-{order}")]);
}

#[test]
fn an_order_that_comes_to_nothing_leaves_nothing_behind() {
    let (order_id, cart_id, payment_id) = (order_id(1), cart_id(1), payment_id(1));
    let skus = || vec![sku("mug"), sku("rug")];
    let rejected = |allocated| {
        let reason = RejectReason::PaymentTimedOut {};
        let rejected = OrderRejected { order_id, cart_id, payment_id, reason, allocated, skus: skus() };
        reactions(&Event::Order(OrderEvent::OrderRejected(rejected)))
    };
    let stock =
        ["ReleaseReservation to inventory-mug", "ReleaseReservation to inventory-rug"].map(String::from);
    let void = format!("RequestVoid to payment-{payment_id}");
    let cart = |name| format!("{name} to cart-{cart_id}");
    assert_eq!(rejected(false), [&stock[..], &[cart("AbandonCart")]].concat());
    assert_eq!(rejected(true), [&stock[..], &[void.clone(), cart("AbandonCart")]].concat());
    let reason = "no".to_owned();
    let cancelled = OrderCancelled { order_id, cart_id, payment_id, reason, allocated: true, skus: skus() };
    let cancelled = reactions(&Event::Order(OrderEvent::OrderCancelled(cancelled)));
    assert_eq!(cancelled, [&stock[..], &[void, cart("CompleteCart")]].concat());
}

#[test]
fn shipped_goods_are_taken_off_the_stock_and_captured_under_the_shipments_id() {
    let count = |name: &str| SkuQuantity { sku: sku(name), quantity: units(1) };
    let event = Event::Order(OrderEvent::OrderShipped(OrderShipped {
        order_id: order_id(1),
        shipment_id: shipment_id(7),
        payment_id: payment_id(1),
        lines: vec![],
        skus: vec![count("mug")],
        amount: gbp(500),
        location: Some(place("leeds")),
        release: Some(gbp(40)),
        carrier: None,
        tracking: None,
    }));
    let Reaction::Commands(commands) =
        the("ship_stock_and_capture_payment_when_order_is_shipped").react(trigger(&event))
    else {
        panic!("no commands")
    };
    let [
        Command::Inventory(_, daybook_domain::inventory::InventoryCommand::ShipReserved(stock)),
        Command::Payment(_, PaymentCommand::RequestCapture(capture)),
        Command::Payment(_, PaymentCommand::ReleaseRest(release)),
    ] = &commands[..]
    else {
        panic!("{commands:?}")
    };
    assert_eq!(stock.location, Some(place("leeds")));
    assert_eq!((release.operation_id, release.amount), (operation(1, "release"), gbp(40)));
    assert_eq!(capture.operation_id, operation(1, &format!("capture:{}", shipment_id(7))));
    assert_eq!(capture.amount, gbp(500));
}

#[test]
fn only_what_can_be_sold_again_goes_back_on_the_shelf_but_all_is_paid_back() {
    let line = |name: &str, condition| ReturnedLine {
        line_id: LineId(1),
        sku: sku(name),
        quantity: units(1),
        condition,
    };
    let event = Event::Order(OrderEvent::OrderReturned(OrderReturned {
        order_id: order_id(1),
        return_id: return_id(1),
        payment_id: payment_id(1),
        lines: vec![line("mug", ReturnCondition::Damaged), line("rug", ReturnCondition::Sellable)],
        refund: gbp(900),
        reason: None,
        location: place("leeds"),
    }));
    let refund = format!("RequestRefund to payment-{}", payment_id(1));
    assert_eq!(reactions(&event), ["ReturnStock to inventory-rug", refund.as_str()]);
}

#[test]
fn an_order_has_as_long_to_be_paid_as_its_stock_is_held() {
    let rule = the("reject_order_when_payment_times_out");
    let Deadline::Set { after, command } = rule.deadline(trigger(&placed())) else { panic!("no deadline") };
    assert_eq!(after, Duration::from_secs(900));
    assert_eq!(named(&[command]), [format!("RejectOrder to order-{}", order_id(1))]);
}

fn failed_capture() -> Event {
    let (payment_id, order_id, operation_id) = (payment_id(1), order_id(1), operation(1, "capture"));
    let code = "try_again_later".to_owned();
    Event::Payment(PaymentEvent::CaptureFailed(CaptureFailed { payment_id, order_id, operation_id, code }))
}

#[test]
fn a_refused_capture_is_asked_for_again_when_its_time_has_come_and_then_given_up() {
    let (rule, event) = (the("retry_payment_operation_when_it_fails"), failed_capture());
    for (attempt, is_time) in [(0, false), (1, true), (9, true)] {
        let Reaction::Commands(commands) = rule.react(Trigger { attempt, ..trigger(&event) }) else {
            panic!("no commands")
        };
        let [Command::Payment(_, PaymentCommand::RetryOperation(retry))] = &commands[..] else {
            panic!("{commands:?}")
        };
        assert_eq!((retry.operation_id, retry.is_time), (operation(1, "capture"), is_time));
    }
    let refused = |rejection| rule.refused(trigger(&event), "RetryOperation", &Rejection::Payment(rejection));
    let not_due = PaymentRejection::RetryNotDue { after_seconds: 3_600 };
    assert_eq!(refused(not_due), Refusal::Retry { after: Duration::from_secs(3_600) });
    let exhausted = PaymentRejection::RetriesExhausted { operation_id: operation(1, "capture") };
    assert_eq!(refused(exhausted), Refusal::DeadLetter);
}

#[test]
fn a_refusal_that_leaves_goods_or_money_astray_is_a_dead_letter() {
    let event = placed();
    let missing = Rejection::Payment(PaymentRejection::PaymentNotFound {});
    for name in [
        "ship_stock_and_capture_payment_when_order_is_shipped",
        "restock_and_refund_when_goods_are_returned",
        "refund_payment_when_order_is_credited",
        "call_gateway_when_payment_asks",
        "release_all_when_order_comes_to_nothing",
    ] {
        assert_eq!(the(name).refused(trigger(&event), "Any", &missing), Refusal::DeadLetter, "{name}");
    }
}
