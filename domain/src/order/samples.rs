//! Samples of orders: states, commands, a full payload of every event, and any commands for random tests.

use super::*;
use crate::cart::{CartCheckedOut, CartLine, NewLine};
use crate::samples::*;
use crate::{CreditId, LineId, OrderId};
use uuid::Uuid;

impl Sampled for Order {
    fn sample_id() -> OrderId {
        order_id(1)
    }

    fn samples() -> Samples<Self> {
        use OrderCommand as O;
        let checkout = checked_out(1, vec![cart_line(1, "mug", 2, 500)], vec![]);
        let place_it = O::PlaceOrder(PlaceOrder { checkout });
        let allocation = Allocation { sku: sku("mug"), location: place("leeds"), quantity: units(2) };
        let allocate = O::AllocateOrder(AllocateOrder { allocations: vec![allocation] });
        let confirm = O::ConfirmOrder(ConfirmOrder {});
        let reject = O::RejectOrder(RejectOrder { reason: RejectReason::PaymentTimedOut {} });
        let cancel = O::CancelOrder(CancelOrder { reason: "no".into() });
        let one = LineQuantity { line_id: LineId(1), quantity: units(1) };
        let ship = |number, lines| {
            let shipment_id = shipment_id(number);
            O::ShipOrder(ShipOrder { shipment_id, location: None, lines, carrier: None, tracking: None })
        };
        let deliver = O::DeliverOrder(DeliverOrder { lines: None });
        let lines = vec![(one.clone(), ReturnCondition::Sellable)];
        let back = ReturnGoods { return_id: return_id(1), lines, reason: None, location: None };
        let credit = CreditOrder {
            credit_id: CreditId::new(Uuid::from_u128(1)),
            kind: ChargeKind::Discount,
            label: "sorry".into(),
            amount: gbp(1),
        };
        let confirmed = vec![place_it.clone(), allocate.clone(), confirm.clone()];
        let then = |steps: &[O]| confirmed.iter().chain(steps).cloned().collect::<Vec<_>>();
        let some = ship(1, Some(vec![one.clone()]));
        let cancel_one = O::CancelLines(CancelLines { lines: Some(vec![one]), reason: "no".into() });
        let states: Vec<(_, Vec<O>)> = vec![
            ("absent", vec![]),
            ("placed", vec![place_it.clone()]),
            ("allocated", vec![place_it.clone(), allocate.clone()]),
            ("confirmed", confirmed.clone()),
            ("partially shipped", then(std::slice::from_ref(&some))),
            ("partially cancelled", then(std::slice::from_ref(&cancel_one))),
            ("completed", then(&[ship(1, None), deliver.clone()])),
            ("rejected", vec![place_it.clone(), reject.clone()]),
            ("cancelled", vec![place_it.clone(), cancel.clone()]),
        ];
        Samples {
            states: states.into_iter().map(|(name, steps)| (name, decided::<Self>(&steps))).collect(),
            commands: vec![
                place_it,
                allocate,
                confirm,
                reject,
                cancel,
                cancel_one,
                ship(2, None),
                deliver,
                O::ReturnGoods(back),
                O::CreditOrder(credit),
                O::MoveAllocation(MoveAllocation {
                    sku: sku("mug"),
                    from: place("leeds"),
                    to: place("york"),
                    quantity: units(1),
                    uncovered: 1,
                    stock_version: 7,
                }),
                O::SetShortage(SetShortage { sku: sku("mug"), uncovered: 1, stock_version: 8 }),
            ],
            events: events(),
        }
    }

    fn any_command(random: &mut Random) -> OrderCommand {
        use OrderCommand as O;
        let lines = random.perhaps(|random| random.several(line_quantity));
        match random.below(15) {
            0..=1 => O::PlaceOrder(PlaceOrder { checkout: some_checkout(random) }),
            2..=3 => {
                let allocation = |random: &mut Random| Allocation {
                    sku: sku(random.name()),
                    location: random.location(),
                    quantity: random.quantity(),
                };
                O::AllocateOrder(AllocateOrder { allocations: random.several(allocation) })
            }
            4 => O::ConfirmOrder(ConfirmOrder {}),
            5 => O::RejectOrder(RejectOrder { reason: RejectReason::PaymentTimedOut {} }),
            6 => O::CancelOrder(CancelOrder { reason: "no".to_owned() }),
            7..=8 => {
                let shipment_id = shipment_id(random.few());
                let location = random.perhaps(Random::location);
                O::ShipOrder(ShipOrder { shipment_id, location, lines, carrier: None, tracking: None })
            }
            9 => O::DeliverOrder(DeliverOrder { lines }),
            10 => {
                let condition = [ReturnCondition::Sellable, ReturnCondition::Damaged][random.below(2)];
                let lines = random.several(line_quantity).into_iter().map(|line| (line, condition)).collect();
                let return_id = return_id(random.few());
                O::ReturnGoods(ReturnGoods { return_id, lines, reason: None, location: None })
            }
            11 => O::SetShortage(SetShortage {
                sku: sku(random.name()),
                uncovered: random.units(0, 3),
                stock_version: u64::from(random.units(0, 9)),
            }),
            12 => O::MoveAllocation(MoveAllocation {
                sku: sku(random.name()),
                from: random.location(),
                to: random.location(),
                quantity: random.quantity(),
                uncovered: random.units(0, 3),
                stock_version: u64::from(random.units(0, 9)),
            }),
            13 => O::CancelLines(CancelLines { lines, reason: "no".to_owned() }),
            _ => {
                let Charge { kind, label, amount } = any_charge(random);
                let credit_id = CreditId::new(Uuid::from_u128(random.few()));
                O::CreditOrder(CreditOrder { credit_id, kind, label, amount })
            }
        }
    }
}

/// Every event with all the fields it can have.
fn events() -> Vec<OrderEvent> {
    vec![
        OrderEvent::OrderPlaced(OrderPlaced {
            order_id: parsed(ORDER),
            number: parsed("06CTB-C3W7R-HT5M"),
            cart_id: parsed(CART),
            payment_id: parsed(PAYMENT),
            customer_id: Some(parsed("17850")),
            currency: parsed("GBP"),
            country: Some(parsed("GB")),
            lines: vec![OrderLine {
                line_id: LineId(1),
                sku: parsed("MUG-RED"),
                product_id: parsed("mug"),
                title: "Enamel mug".to_owned(),
                quantity: units(2),
                unit_price: gbp(1_299),
                net: gbp(2_598),
            }],
            charges: vec![postage()],
            total: gbp(2_993),
            payment_token: "tok_visa".to_owned(),
            reference: Some("PO-2041".to_owned()),
            personal: ada(),
        }),
        OrderEvent::OrderAllocated(OrderAllocated {
            order_id: parsed(ORDER),
            payment_id: parsed(PAYMENT),
            amount: gbp(2_598),
            payment_token: "tok_visa".to_owned(),
            allocations: vec![Allocation {
                sku: parsed("MUG-RED"),
                location: parsed("main"),
                quantity: units(2),
            }],
        }),
        OrderEvent::AllocationDiscarded(AllocationDiscarded {
            order_id: parsed(ORDER),
            skus: vec![parsed("MUG-RED")],
        }),
        OrderEvent::OrderConfirmed(OrderConfirmed { order_id: parsed(ORDER), cart_id: parsed(CART) }),
        OrderEvent::OrderRejected(OrderRejected {
            order_id: parsed(ORDER),
            cart_id: parsed(CART),
            payment_id: parsed(PAYMENT),
            reason: RejectReason::OutOfStock { sku: parsed("MUG-RED"), requested: 2, available: 2 },
            allocated: true,
            skus: vec![parsed("MUG-RED")],
        }),
        OrderEvent::OrderCancelled(OrderCancelled {
            order_id: parsed(ORDER),
            cart_id: parsed(CART),
            payment_id: parsed(PAYMENT),
            reason: "no longer needed".to_owned(),
            allocated: true,
            skus: vec![parsed("MUG-RED")],
        }),
        OrderEvent::LinesCancelled(LinesCancelled {
            order_id: parsed(ORDER),
            payment_id: parsed(PAYMENT),
            lines: vec![LineQuantity { line_id: LineId(1), quantity: units(1) }],
            skus: vec![SkuQuantity { sku: parsed("MUG-RED"), quantity: units(1) }],
            worth: gbp(1_299),
            reason: "no longer needed".to_owned(),
            release: Some(gbp(1_299)),
        }),
        OrderEvent::OrderShipped(OrderShipped {
            order_id: parsed(ORDER),
            shipment_id: parsed(SHIPMENT),
            payment_id: parsed(PAYMENT),
            lines: vec![LineQuantity { line_id: LineId(1), quantity: units(2) }],
            skus: vec![SkuQuantity { sku: parsed("MUG-RED"), quantity: units(2) }],
            amount: gbp(2_598),
            location: Some(parsed("leeds")),
            release: Some(gbp(1_299)),
            carrier: Some("Royal Mail".to_owned()),
            tracking: Some("AB123456789GB".to_owned()),
        }),
        OrderEvent::OrderDelivered(OrderDelivered {
            order_id: parsed(ORDER),
            lines: vec![LineQuantity { line_id: LineId(1), quantity: units(2) }],
        }),
        OrderEvent::OrderCompleted(OrderCompleted { order_id: parsed(ORDER) }),
        OrderEvent::OrderReturned(OrderReturned {
            order_id: parsed(ORDER),
            return_id: parsed(RETURN),
            payment_id: parsed(PAYMENT),
            lines: vec![ReturnedLine {
                line_id: LineId(1),
                sku: parsed("MUG-RED"),
                quantity: units(2),
                condition: ReturnCondition::Sellable,
            }],
            refund: gbp(2_598),
            reason: Some("no longer needed".to_owned()),
            location: parsed("main"),
        }),
        OrderEvent::OrderCredited(OrderCredited {
            order_id: parsed(ORDER),
            credit_id: parsed(CREDIT),
            payment_id: parsed(PAYMENT),
            kind: ChargeKind::Shipping,
            label: "Postage".to_owned(),
            amount: gbp(2_598),
        }),
        OrderEvent::AllocationMoved(AllocationMoved {
            order_id: parsed(ORDER),
            sku: parsed("MUG-RED"),
            from: parsed("main"),
            to: parsed("leeds"),
            quantity: units(1),
            stock_version: 12,
        }),
        OrderEvent::OrderShort(OrderShort {
            order_id: parsed(ORDER),
            sku: parsed("MUG-RED"),
            uncovered: units(1),
            stock_version: 12,
        }),
        OrderEvent::ShortageResolved(ShortageResolved {
            order_id: parsed(ORDER),
            sku: parsed("MUG-RED"),
            stock_version: 13,
        }),
    ]
}

fn line_quantity(random: &mut Random) -> LineQuantity {
    LineQuantity { line_id: LineId(random.units(1, 3)), quantity: random.quantity() }
}

/// What a cart hands over, whose total mostly fits.
fn some_checkout(random: &mut Random) -> CartCheckedOut {
    let lines = (1..=random.units(0, 3)).map(|number| {
        let NewLine { sku, product_id, title, quantity, unit_price } = any_new_line(random);
        CartLine { line_id: LineId(number), sku, product_id, title, quantity, unit_price }
    });
    let lines: Vec<_> = lines.collect();
    let charges = random.several(any_charge);
    let goods = lines.iter().map(|line| line.unit_price.minor.saturating_mul(line.quantity.get().into()));
    let extras = charges.iter().map(|charge| charge.amount.minor);
    let total = gbp(goods.chain(extras).fold(0, i64::saturating_add));
    CartCheckedOut { lines, charges, total, ..checked_out(1, vec![], vec![]) }
}
