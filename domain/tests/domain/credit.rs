//! Money given back on an order though no goods come back.

use daybook_domain::{
    CartId, Context, CreditId, Decider as _, LineId, Money, Quantity, ReturnId, ShipmentId, Timestamp,
    cart::{CartCheckedOut, CartLine},
    order::{
        Allocation, ChargeKind, ConfirmOrder, CreditOrder, DeliverOrder, LineQuantity, Order, OrderCommand,
        OrderEvent, OrderRejection, PlaceOrder, ReturnCondition, ReturnGoods, ShipOrder,
    },
};
use uuid::Uuid;

fn gbp(minor: i64) -> Money {
    Money::new(minor, "GBP".parse().expect("a currency"))
}

fn run(order: &mut Order, command: OrderCommand) -> Result<Vec<OrderEvent>, OrderRejection> {
    let context = Context { now: Timestamp::default(), actor: daybook_domain::Actor::Anonymous };
    let events = order.decide(command, &context)?;
    events.iter().for_each(|event| order.evolve(event));
    Ok(events)
}

fn units(count: u32) -> Quantity {
    Quantity::new(count).expect("a quantity")
}

/// Two units at 10.00, delivered.
fn delivered() -> Order {
    let cart_id = CartId::new(Uuid::from_u128(1));
    let sku: daybook_domain::Sku = "MUG".parse().expect("a SKU");
    let checkout = CartCheckedOut {
        cart_id,
        order_id: cart_id.order_id(),
        currency: gbp(0).currency,
        country: None,
        customer_id: None,
        lines: vec![CartLine {
            line_id: LineId(1),
            sku: sku.clone(),
            product_id: "MUG".parse().expect("a product id"),
            title: "Mug".to_owned(),
            quantity: units(2),
            unit_price: gbp(1_000),
        }],
        charges: Vec::new(),
        total: gbp(2_000),
        payment_token: "tok_visa".to_owned(),
        reference: None,
        personal: Default::default(),
    };
    let allocation = Allocation { sku, location: "main".parse().expect("a location"), quantity: units(2) };
    let shipment_id = ShipmentId::new(Uuid::from_u128(2));
    let mut order = Order::default();
    for command in [
        OrderCommand::PlaceOrder(PlaceOrder { checkout }),
        OrderCommand::AllocateOrder(daybook_domain::order::AllocateOrder { allocations: vec![allocation] }),
        OrderCommand::ConfirmOrder(ConfirmOrder {}),
        OrderCommand::ShipOrder(ShipOrder {
            shipment_id,
            location: None,
            lines: None,
            carrier: None,
            tracking: None,
        }),
        OrderCommand::DeliverOrder(DeliverOrder { lines: None }),
    ] {
        run(&mut order, command).expect("the order goes through");
    }
    order
}

fn credit(id: u128, minor: i64) -> OrderCommand {
    let credit_id = CreditId::new(Uuid::from_u128(id));
    let (kind, label) = (ChargeKind::Discount, "Discount".to_owned());
    OrderCommand::CreditOrder(CreditOrder { credit_id, kind, label, amount: gbp(minor) })
}

#[test]
fn what_was_paid_can_be_given_back_once() {
    let mut order = delivered();
    assert_eq!(run(&mut order, credit(3, 1_500)).expect("within what was paid").len(), 1);
    let refused = run(&mut order, credit(4, 501));
    assert_eq!(refused, Err(OrderRejection::MoreThanPaid { requested: gbp(501), possible: gbp(500) }));
}

#[test]
fn a_credit_said_again_changes_nothing() {
    let mut order = delivered();
    run(&mut order, credit(3, 100)).expect("within what was paid");
    assert_eq!(run(&mut order, credit(3, 100)), Ok(Vec::new()));
}

#[test]
fn nothing_and_less_than_nothing_is_no_credit() {
    for minor in [0, -1, i64::MIN] {
        let refused = run(&mut delivered(), credit(3, minor));
        assert!(matches!(refused, Err(OrderRejection::InvalidOrder { .. })), "{minor}: {refused:?}");
    }
}

#[test]
fn goods_that_come_back_after_a_credit_refund_only_what_is_left() {
    let mut order = delivered();
    run(&mut order, credit(3, 1_500)).expect("within what was paid");
    let lines = vec![(LineQuantity { line_id: LineId(1), quantity: units(2) }, ReturnCondition::Sellable)];
    let return_id = ReturnId::new(Uuid::from_u128(5));
    let back = ReturnGoods { return_id, lines, reason: None, location: None };
    let events = run(&mut order, OrderCommand::ReturnGoods(back)).expect("they were delivered");
    let [OrderEvent::OrderReturned(returned)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(returned.refund, gbp(500));
}
