//! Stock: received, counted, moved, set aside, let go, sent.

use crate::samples::{at, context, context_at, order_id, place, return_id, shipment_id, sku, units};
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use daybook_domain::EventSet as _;
use daybook_domain::inventory::{
    AdjustStock, CommitReservation, CountStock, ExpireReservations, Inventory, InventoryCommand,
    InventoryEvent, InventoryRejection, LocationQuantity, ReceiveStock, ReleaseReason, ReleaseReservation,
    ReserveStock, ReturnStock, SetStockPolicy, ShipReserved, TransferStock,
};

fn receive(location: &str, count: u32) -> InventoryCommand {
    let (sku, location, quantity) = (sku("mug"), place(location), units(count));
    InventoryCommand::ReceiveStock(ReceiveStock { sku, location, quantity, reference: None })
}

fn reserve(order: u128, count: u32) -> InventoryCommand {
    let (sku, order_id, quantity, until) = (sku("mug"), order_id(order), units(count), at(900));
    InventoryCommand::ReserveStock(ReserveStock { sku, order_id, quantity, until })
}

fn commit(order: u128) -> InventoryCommand {
    InventoryCommand::CommitReservation(CommitReservation { order_id: order_id(order) })
}

fn release(order: u128) -> InventoryCommand {
    let reason = ReleaseReason::OrderCancelled;
    InventoryCommand::ReleaseReservation(ReleaseReservation { order_id: order_id(order), reason })
}

fn ship(order: u128, count: u32) -> InventoryCommand {
    let (order_id, shipment_id, quantity) = (order_id(order), shipment_id(1), units(count));
    InventoryCommand::ShipReserved(ShipReserved { order_id, shipment_id, quantity, location: None })
}

fn policy(location: &str, safety_stock: u32, backorder_limit: u32) -> InventoryCommand {
    let (sku, location) = (sku("mug"), place(location));
    InventoryCommand::SetStockPolicy(SetStockPolicy { sku, location, safety_stock, backorder_limit })
}

fn adjust(location: &str, delta: i64) -> InventoryCommand {
    let (sku, location, reason) = (sku("mug"), place(location), "broken".to_owned());
    InventoryCommand::AdjustStock(AdjustStock { sku, location, delta, reason })
}

fn given(events: Vec<InventoryEvent>) -> AggregateTestExecutor<Inventory> {
    TestFramework::with(context()).given(events)
}

fn later(events: Vec<InventoryEvent>, seconds: u64) -> AggregateTestExecutor<Inventory> {
    TestFramework::with(context_at(seconds)).given(events)
}

fn after(commands: impl IntoIterator<Item = InventoryCommand>) -> Vec<InventoryEvent> {
    let mut events = Vec::new();
    for command in commands {
        events.extend(given(events.clone()).when(command).inspect_result().expect("accepted"));
    }
    events
}

/// Where the units of a reservation would come from.
fn chosen(events: Vec<InventoryEvent>, count: u32) -> Vec<(String, u32)> {
    match given(events).when(reserve(9, count)).inspect_result().expect("in stock").pop() {
        Some(InventoryEvent::StockReserved(reserved)) => reserved
            .allocations
            .into_iter()
            .map(|LocationQuantity { location, quantity }| (location.to_string(), quantity.get()))
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_location_is_chosen_if_one_has_enough_and_of_several_the_tightest() {
    let stock = after([receive("leeds", 9), receive("york", 5), receive("bath", 3)]);
    assert_eq!(chosen(stock.clone(), 4), [("york".into(), 4)]);
    assert_eq!(chosen(stock.clone(), 6), [("leeds".into(), 6)]);
    assert_eq!(chosen(stock, 12), [("leeds".into(), 9), ("york".into(), 3)]);
}

#[test]
fn what_is_there_goes_before_what_may_be_backordered() {
    let stock = after([receive("leeds", 3), receive("york", 2), policy("york", 0, 10)]);
    assert_eq!(chosen(stock.clone(), 5), [("leeds".into(), 3), ("york".into(), 2)]);
    assert_eq!(chosen(stock.clone(), 12), [("york".into(), 12)]);
    assert_eq!(chosen(stock, 15), [("leeds".into(), 3), ("york".into(), 12)]);
}

#[test]
fn safety_stock_is_never_sold() {
    let refusal = InventoryRejection::OutOfStock { sku: sku("mug"), requested: 4, available: 3 };
    given(after([receive("leeds", 5), policy("leeds", 2, 0)])).when(reserve(1, 4)).then_expect_error(refusal);
}

#[test]
fn a_sku_nobody_ever_received_is_out_of_stock() {
    let refusal = InventoryRejection::OutOfStock { sku: sku("mug"), requested: 1, available: 0 };
    given(vec![]).when(reserve(1, 1)).then_expect_error(refusal);
}

#[test]
fn a_hold_that_ran_out_is_written_down_when_its_units_are_needed_and_not_before() {
    let held = after([receive("leeds", 5), reserve(1, 4)]);
    let names = |seconds, count| -> Vec<_> {
        let decided = later(held.clone(), seconds).when(reserve(2, count)).inspect_result();
        decided.map(|events| events.iter().map(|event| event.kind().name).collect()).unwrap_or_default()
    };
    assert_eq!(names(899, 2), Vec::<&str>::new());
    assert_eq!(names(900, 2), ["ReservationExpired", "StockReserved"]);
    assert_eq!(names(900, 1), ["StockReserved"]);
    let refusal = InventoryRejection::OutOfStock { sku: sku("mug"), requested: 6, available: 5 };
    later(held, 900).when(reserve(2, 6)).then_expect_error(refusal);
}

#[test]
fn a_hold_that_ran_out_is_not_committed() {
    let held = after([receive("leeds", 5), reserve(1, 4)]);
    let refusal = InventoryRejection::ReservationHasExpired { order_id: order_id(1) };
    later(held.clone(), 900).when(commit(1)).then_expect_error(refusal);
    let committed = later(held, 899).when(commit(1)).inspect_result().unwrap();
    assert_eq!(committed.len(), 1);
}

#[test]
fn a_committed_reservation_outlives_its_hold() {
    let committed = after([receive("leeds", 5), reserve(1, 4), commit(1)]);
    later(committed.clone(), 9_999).when(commit(1)).then_expect_events(vec![]);
    let refusal = InventoryRejection::OutOfStock { sku: sku("mug"), requested: 2, available: 1 };
    later(committed.clone(), 9_999).when(reserve(2, 2)).then_expect_error(refusal);
    later(committed, 9_999)
        .when(InventoryCommand::ExpireReservations(ExpireReservations {}))
        .then_expect_events(vec![]);
}

#[test]
fn letting_go_of_nothing_is_nothing() {
    given(after([receive("leeds", 5)])).when(release(1)).then_expect_events(vec![]);
    let released = after([receive("leeds", 5), reserve(1, 5), release(1), release(1)]);
    assert_eq!(released.len(), 3);
    assert_eq!(chosen(released, 5), [("leeds".into(), 5)]);
}

#[test]
fn one_order_is_set_aside_once() {
    given(after([receive("leeds", 5), reserve(1, 1)]))
        .when(reserve(1, 1))
        .then_expect_error(InventoryRejection::AlreadyReserved { order_id: order_id(1) });
}

#[test]
fn only_what_is_committed_ships_and_no_more() {
    let held = after([receive("leeds", 2), receive("york", 2), reserve(1, 3)]);
    let not_yet = InventoryRejection::ReservationNotCommitted { order_id: order_id(1) };
    given(held.clone()).when(ship(1, 1)).then_expect_error(not_yet);
    let committed = after([receive("leeds", 2), receive("york", 2), reserve(1, 3), commit(1)]);
    let refusal = InventoryRejection::MoreThanReserved { requested: 4, reserved: 3 };
    given(committed.clone()).when(ship(1, 4)).then_expect_error(refusal);
    let shipped = given(committed.clone()).when(ship(1, 3)).inspect_result().unwrap();
    let gone = InventoryRejection::ReservationNotFound { order_id: order_id(1) };
    given(committed).and(shipped).when(ship(1, 1)).then_expect_error(gone);
}

#[test]
fn a_loss_below_the_floor_is_refused_until_the_floor_is_lowered() {
    let reserved = || after([receive("leeds", 5), reserve(1, 4)]);
    let refusal =
        |available| InventoryRejection::BelowFloor { location: place("leeds"), available, floor: 0 };
    given(reserved()).when(adjust("leeds", -2)).then_expect_error(refusal(-1));
    let count =
        InventoryCommand::CountStock(CountStock { sku: sku("mug"), location: place("leeds"), counted: 3 });
    given(reserved()).when(count.clone()).then_expect_error(refusal(-1));
    given(reserved()).when(policy("leeds", 2, 0)).then_expect_error(refusal(-1));
    let lowered = given(reserved()).when(policy("leeds", 0, 1)).inspect_result().unwrap();
    given(reserved()).and(lowered).when(count).inspect_result().unwrap();
}

#[test]
fn stock_moves_between_two_known_places() {
    let transfer = |from: &str, to: &str, count| {
        let (sku, from, to, quantity) = (sku("mug"), place(from), place(to), units(count));
        InventoryCommand::TransferStock(TransferStock { sku, from, to, quantity })
    };
    let stock = after([receive("leeds", 5), transfer("leeds", "york", 2)]);
    assert_eq!(chosen(stock.clone(), 2), [("york".into(), 2)]);
    given(stock.clone())
        .when(transfer("leeds", "leeds", 1))
        .then_expect_error(InventoryRejection::SameLocation {});
    given(stock)
        .when(transfer("bath", "york", 1))
        .then_expect_error(InventoryRejection::UnknownLocation { location: place("bath") });
    given(vec![])
        .when(adjust("bath", -1))
        .then_expect_error(InventoryRejection::UnknownLocation { location: place("bath") });
}

#[test]
fn what_comes_back_can_be_sold_again() {
    let back = ReturnStock {
        sku: sku("mug"),
        order_id: order_id(1),
        return_id: return_id(1),
        location: place("leeds"),
        quantity: units(2),
    };
    let stock = after([receive("leeds", 1), InventoryCommand::ReturnStock(back)]);
    assert_eq!(chosen(stock, 3), [("leeds".into(), 3)]);
}
