//! Samples of a SKU's stock: states, commands, a full payload of every event, and any commands for random tests.

use super::*;
use crate::Sku;
use crate::samples::*;

impl Sampled for Inventory {
    fn sample_id() -> Sku {
        sku("mug")
    }

    fn samples() -> Samples<Self> {
        use InventoryCommand as I;
        let (mug, leeds) = (sku("mug"), place("leeds"));
        let order_id = order_id(1);
        let receive = I::ReceiveStock(ReceiveStock {
            sku: mug.clone(),
            location: leeds.clone(),
            quantity: units(9),
            reference: None,
        });
        let reserve = |until| {
            let quantity = units(4);
            I::ReserveStock(ReserveStock { sku: sku("mug"), order_id, quantity, until })
        };
        let commit = I::CommitReservation(CommitReservation { order_id });
        let (sku, location) = (mug, leeds);
        let reason = ReleaseReason::OrderCancelled;
        let policy = SetStockPolicy {
            sku: sku.clone(),
            location: location.clone(),
            safety_stock: 1,
            backorder_limit: 0,
        };
        let moved =
            TransferStock { sku: sku.clone(), from: location.clone(), to: place("york"), quantity: units(1) };
        let (shipment_id, return_id, quantity) = (shipment_id(1), return_id(1), units(4));
        let delta =
            AdjustStock { sku: sku.clone(), location: location.clone(), delta: -6, reason: "x".into() };
        let states: Vec<(_, Vec<I>)> = vec![
            ("nothing there", vec![]),
            ("free", vec![receive.clone()]),
            ("held", vec![receive.clone(), reserve(at(900))]),
            ("held until now", vec![receive.clone(), reserve(at(0))]),
            ("committed", vec![receive.clone(), reserve(at(900)), commit.clone()]),
        ];
        Samples {
            states: states.into_iter().map(|(name, steps)| (name, decided::<Self>(&steps))).collect(),
            commands: vec![
                receive,
                I::AdjustStock(delta),
                I::CountStock(CountStock { sku: sku.clone(), location: location.clone(), counted: 7 }),
                I::TransferStock(moved),
                I::SetStockPolicy(policy),
                reserve(at(900)),
                commit,
                I::ReleaseReservation(ReleaseReservation { order_id, reason }),
                I::ReleaseUnits(ReleaseUnits { order_id, quantity: units(1) }),
                I::ExpireReservations(ExpireReservations {}),
                I::ShipReserved(ShipReserved { order_id, shipment_id, quantity, location: None }),
                I::ReturnStock(ReturnStock {
                    sku,
                    order_id,
                    return_id,
                    location: location.clone(),
                    quantity,
                }),
                I::BalanceStock(BalanceStock { location }),
            ],
            events: events(),
        }
    }

    fn any_command(random: &mut Random) -> InventoryCommand {
        use InventoryCommand as I;
        let (order_id, location, quantity) = (order_id(random.few()), random.location(), random.quantity());
        let sku = sku("mug");
        match random.below(17) {
            0..=1 => I::ReceiveStock(ReceiveStock { sku, location, quantity, reference: None }),
            2 => {
                let (delta, reason) = (random.wide(), "counted".to_owned());
                I::AdjustStock(AdjustStock { sku, location, delta, reason })
            }
            3 => I::CountStock(CountStock { sku, location, counted: random.count() }),
            4 => {
                let to = random.location();
                I::TransferStock(TransferStock { sku, from: location, to, quantity })
            }
            5..=6 => I::SetStockPolicy(SetStockPolicy {
                sku,
                location,
                safety_stock: random.count(),
                backorder_limit: random.count(),
            }),
            7..=8 => {
                let until = at(u64::from(random.units(0, 3_000)));
                I::ReserveStock(ReserveStock { sku, order_id, quantity, until })
            }
            9 => I::CommitReservation(CommitReservation { order_id }),
            10 => {
                let reason = ReleaseReason::OrderCancelled;
                I::ReleaseReservation(ReleaseReservation { order_id, reason })
            }
            11 => I::ExpireReservations(ExpireReservations {}),
            12 => {
                let shipment_id = shipment_id(random.few());
                let location = (random.below(2) == 0).then_some(location);
                I::ShipReserved(ShipReserved { order_id, shipment_id, quantity, location })
            }
            13 => I::CountStock(CountStock { sku, location, counted: random.count() }),
            14 => I::ReleaseUnits(ReleaseUnits { order_id, quantity }),
            15 => I::BalanceStock(BalanceStock { location }),
            _ => {
                let return_id = return_id(random.few());
                I::ReturnStock(ReturnStock { sku, order_id, return_id, location, quantity })
            }
        }
    }
}

/// Every event with all the fields it can have.
fn events() -> Vec<InventoryEvent> {
    vec![
        InventoryEvent::StockReceived(StockReceived {
            sku: parsed("MUG-RED"),
            location: parsed("main"),
            quantity: units(2),
            reference: Some("PO-2041".to_owned()),
            on_hand: 2,
        }),
        InventoryEvent::StockAdjusted(StockAdjusted {
            sku: parsed("MUG-RED"),
            location: parsed("main"),
            delta: -1,
            reason: "no longer needed".to_owned(),
            on_hand: 2,
        }),
        InventoryEvent::StockCounted(StockCounted {
            sku: parsed("MUG-RED"),
            location: parsed("main"),
            previous: 2,
            on_hand: 2,
        }),
        InventoryEvent::StockTransferred(StockTransferred {
            sku: parsed("MUG-RED"),
            from: parsed("main"),
            to: parsed("leeds"),
            quantity: units(2),
            from_on_hand: 2,
            to_on_hand: 2,
        }),
        InventoryEvent::StockPolicySet(StockPolicySet {
            sku: parsed("MUG-RED"),
            location: parsed("main"),
            safety_stock: 2,
            backorder_limit: 2,
        }),
        InventoryEvent::StockReserved(StockReserved {
            sku: parsed("MUG-RED"),
            order_id: parsed(ORDER),
            allocations: vec![LocationQuantity { location: parsed("main"), quantity: units(2) }],
            until: time("2026-11-22T10:00:00.123456789Z"),
        }),
        InventoryEvent::ReservationCommitted(ReservationCommitted {
            sku: parsed("MUG-RED"),
            order_id: parsed(ORDER),
        }),
        InventoryEvent::ReservationReleased(ReservationReleased {
            sku: parsed("MUG-RED"),
            order_id: parsed(ORDER),
            allocations: vec![LocationQuantity { location: parsed("main"), quantity: units(2) }],
            reason: ReleaseReason::OrderRejected,
        }),
        InventoryEvent::ReservationReduced(ReservationReduced {
            sku: parsed("MUG-RED"),
            order_id: parsed(ORDER),
            allocations: vec![LocationQuantity { location: parsed("main"), quantity: units(1) }],
            uncovered: 1,
        }),
        InventoryEvent::ReservationExpired(ReservationExpired {
            sku: parsed("MUG-RED"),
            order_id: parsed(ORDER),
            allocations: vec![LocationQuantity { location: parsed("main"), quantity: units(2) }],
        }),
        InventoryEvent::StockShipped(StockShipped {
            sku: parsed("MUG-RED"),
            order_id: parsed(ORDER),
            shipment_id: parsed(SHIPMENT),
            allocations: vec![LocationQuantity { location: parsed("main"), quantity: units(2) }],
            reserved_at: vec![LocationQuantity { location: parsed("leeds"), quantity: units(2) }],
        }),
        InventoryEvent::StockReturned(StockReturned {
            sku: parsed("MUG-RED"),
            order_id: parsed(ORDER),
            return_id: parsed(RETURN),
            location: parsed("main"),
            quantity: units(2),
            on_hand: 2,
        }),
        InventoryEvent::ReservationMoved(ReservationMoved {
            sku: parsed("MUG-RED"),
            order_id: parsed(ORDER),
            from: parsed("main"),
            to: parsed("leeds"),
            quantity: units(2),
            uncovered: 1,
        }),
        InventoryEvent::StockShort(StockShort {
            sku: parsed("MUG-RED"),
            location: parsed("main"),
            uncovered: vec![OrderUnits { order_id: parsed(ORDER), quantity: units(2), uncovered: 2 }],
            rest: 1,
        }),
        InventoryEvent::StockCovered(StockCovered {
            sku: parsed("MUG-RED"),
            location: parsed("main"),
            covered: vec![OrderUnits { order_id: parsed(ORDER), quantity: units(2), uncovered: 1 }],
        }),
    ]
}
