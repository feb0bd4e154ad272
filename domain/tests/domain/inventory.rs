//! Stock: received, counted, moved, set aside, let go, sent.

use crate::samples::{at, context, context_at, order_id, place, return_id, shipment_id, sku, units};
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use daybook_domain::inventory::{
    AdjustStock, CommitReservation, CountStock, ExpireReservations, Inventory, InventoryCommand,
    InventoryEvent, InventoryRejection, LocationQuantity, OrderUnits, ReceiveStock, ReleaseReason,
    ReleaseReservation, ReserveStock, ReturnStock, SetStockPolicy, ShipReserved, TransferStock,
};
use daybook_domain::{EventSet as _, OrderId};

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

fn count(location: &str, counted: u32) -> InventoryCommand {
    InventoryCommand::CountStock(CountStock { sku: sku("mug"), location: place(location), counted })
}

/// The events as short texts.
fn told(events: &[InventoryEvent]) -> Vec<String> {
    use InventoryEvent as E;
    let order = |id: OrderId| (1..10).find(|n| order_id(*n) == id).unwrap_or(0);
    let orders = |parts: &[OrderUnits]| {
        let one = |part: &OrderUnits| {
            format!("{}x{} ({} in all)", order(part.order_id), part.quantity, part.uncovered)
        };
        parts.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let told = events.iter().map(|event| match event {
        E::StockCounted(e) => format!("counted {} at {}", e.on_hand, e.location),
        E::StockAdjusted(e) => format!("adjusted to {} at {}", e.on_hand, e.location),
        E::StockReceived(e) => format!("received, {} at {}", e.on_hand, e.location),
        E::StockShipped(e) => format!("shipped for {}", order(e.order_id)),
        E::StockReturned(e) => format!("returned, {} at {}", e.on_hand, e.location),
        E::StockTransferred(e) => format!("transferred {} from {} to {}", e.quantity, e.from, e.to),
        E::ReservationMoved(e) => {
            format!("{}x{} from {} to {}", order(e.order_id), e.quantity, e.from, e.to)
        }
        E::ReservationExpired(e) => format!("expired {}", order(e.order_id)),
        E::ReservationReduced(e) => format!("reduced {}", order(e.order_id)),
        E::ReservationReleased(e) => format!("released {}", order(e.order_id)),
        E::StockShort(e) => format!("short at {}: {}", e.location, orders(&e.uncovered)),
        E::StockCovered(e) => format!("covered at {}: {}", e.location, orders(&e.covered)),
        E::StockPolicySet(_) | E::StockReserved(_) | E::ReservationCommitted(_) => "other".to_owned(),
    });
    told.collect()
}

fn decided(stock: &[InventoryEvent], command: InventoryCommand) -> Vec<String> {
    told(&given(stock.to_vec()).when(command).inspect_result().expect("accepted"))
}

#[test]
fn a_true_count_is_recorded_and_the_newest_orders_are_short() {
    let stock = after([receive("leeds", 5), reserve(1, 2), commit(1), reserve(2, 2), commit(2)]);
    assert_eq!(decided(&stock, count("leeds", 4)), ["counted 4 at leeds"], "all that is promised is there");
    assert_eq!(
        decided(&stock, count("leeds", 1)),
        ["counted 1 at leeds", "short at leeds: 2x2 (2 in all), 1x1 (1 in all)"]
    );
    assert_eq!(decided(&stock, adjust("leeds", -4))[1..], ["short at leeds: 2x2 (2 in all), 1x1 (1 in all)"]);
}

#[test]
fn orders_move_to_where_units_are_before_they_are_short() {
    let stock =
        after([receive("leeds", 5), receive("york", 1), receive("bath", 1), reserve(1, 5), commit(1)]);
    assert_eq!(
        decided(&stock, count("leeds", 2)),
        [
            "counted 2 at leeds",
            "1x1 from leeds to york",
            "1x1 from leeds to bath",
            "short at leeds: 1x1 (1 in all)"
        ]
    );
}

#[test]
fn a_hold_whose_time_is_up_gives_way_before_orders_that_are_paid_for() {
    let stock = after([receive("leeds", 4), reserve(1, 2), commit(1), reserve(2, 2)]);
    let counted = later(stock, 901).when(count("leeds", 2)).inspect_result().expect("accepted");
    assert_eq!(told(&counted), ["counted 2 at leeds", "expired 2"]);
}

#[test]
fn what_comes_covers_the_oldest_order_first_wherever_it_comes() {
    let mut stock = after([receive("leeds", 4), reserve(1, 2), commit(1), reserve(2, 2), commit(2)]);
    stock.extend(given(stock.clone()).when(count("leeds", 0)).inspect_result().unwrap());
    assert_eq!(
        decided(&stock, receive("leeds", 3)),
        ["received, 3 at leeds", "covered at leeds: 1x2 (0 in all), 2x1 (1 in all)"]
    );
    assert_eq!(
        decided(&stock, receive("york", 3)),
        ["received, 3 at york", "1x2 from leeds to york", "2x1 from leeds to york"]
    );
    assert_eq!(decided(&stock, release(1)), ["released 1"], "what nobody has covers nobody");
}

#[test]
fn backorders_wait_from_the_beginning_and_are_covered_like_others() {
    let stock = after([receive("leeds", 1), policy("leeds", 0, 5), reserve(1, 3), commit(1)]);
    assert_eq!(
        decided(&stock, receive("leeds", 1)),
        ["received, 2 at leeds", "covered at leeds: 1x1 (1 in all)"]
    );
    assert_eq!(decided(&stock, policy("leeds", 3, 0)), ["other"], "a policy bounds selling alone");
}

#[test]
fn units_leave_the_location_that_is_named_and_the_books_follow() {
    let stock =
        after([receive("leeds", 2), receive("york", 1), reserve(1, 2), commit(1), reserve(2, 1), commit(2)]);
    let (order_id, shipment_id, quantity) = (order_id(1), shipment_id(1), units(2));
    let location = Some(place("york"));
    let ship = InventoryCommand::ShipReserved(ShipReserved { order_id, shipment_id, quantity, location });
    // York has one unit, which was for the second order: that one moves to those that stayed in Leeds.
    assert_eq!(decided(&stock, ship), ["shipped for 1", "2x1 from york to leeds"]);
}

#[test]
fn a_loss_is_of_what_is_there_and_a_transfer_of_what_is_not_set_aside() {
    let transfer = |from: &str, to: &str, count| {
        let (sku, from, to, quantity) = (sku("mug"), place(from), place(to), units(count));
        InventoryCommand::TransferStock(TransferStock { sku, from, to, quantity })
    };
    let stock = after([receive("leeds", 5), transfer("leeds", "york", 2)]);
    assert_eq!(chosen(stock.clone(), 2), [("york".into(), 2)]);
    let given = |stock: &[InventoryEvent]| given(stock.to_vec());
    given(&stock).when(transfer("leeds", "leeds", 1)).then_expect_error(InventoryRejection::SameLocation {});
    let not_there = |at: &str, requested, on_hand| InventoryRejection::NotThere {
        location: place(at),
        requested,
        on_hand,
    };
    given(&stock).when(transfer("bath", "york", 1)).then_expect_error(not_there("bath", 1, 0));
    given(&stock).when(transfer("leeds", "york", 4)).then_expect_error(not_there("leeds", 4, 3));
    given(&[]).when(adjust("bath", -1)).then_expect_error(not_there("bath", 1, 0));
    given(&stock).when(adjust("leeds", -4)).then_expect_error(not_there("leeds", 4, 3));
    let reserved = after([receive("leeds", 5), policy("leeds", 2, 0), reserve(1, 3), commit(1)]);
    let (location, unreserved) = (place("leeds"), 2);
    let set_aside = InventoryRejection::ReservedUnits { location, requested: 3, unreserved, on_hand: 5 };
    given(&reserved).when(transfer("leeds", "york", 3)).then_expect_error(set_aside);
    assert_eq!(decided(&reserved, transfer("leeds", "york", 2)), ["transferred 2 from leeds to york"]);
    let held = after([receive("leeds", 5), reserve(1, 3)]);
    let moved =
        later(held, 901).when(transfer("leeds", "york", 4)).inspect_result().expect("the hold is over");
    assert_eq!(told(&moved), ["expired 1", "transferred 4 from leeds to york"]);
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
