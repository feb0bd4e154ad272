//! The things the tests speak of.

use daybook_domain::{
    Actor, CartId, Context, Currency, LineId, LocationId, Money, OperationId, OrderId, PaymentId, Quantity,
    ReturnId, ShipmentId, Sku, Timestamp,
    cart::{CartCheckedOut, CartLine, NewLine},
    order::Charge,
};
use std::time::Duration;
use uuid::Uuid;

pub(crate) const START: Timestamp = Timestamp::from_nanos(1_700_000_000_000_000_000);

pub(crate) fn at(seconds: u64) -> Timestamp {
    START.after(Duration::from_secs(seconds))
}

pub(crate) fn context() -> Context {
    context_at(0)
}

pub(crate) fn context_at(seconds: u64) -> Context {
    Context { now: at(seconds), actor: Actor::Anonymous }
}

pub(crate) fn pounds() -> Currency {
    "GBP".parse().unwrap()
}

pub(crate) fn gbp(minor: i64) -> Money {
    Money::new(minor, pounds())
}

pub(crate) fn sku(text: &str) -> Sku {
    text.parse().unwrap()
}

pub(crate) fn place(text: &str) -> LocationId {
    text.parse().unwrap()
}

pub(crate) fn units(count: u32) -> Quantity {
    Quantity::new(count).unwrap()
}

pub(crate) fn cart_id(number: u128) -> CartId {
    CartId::new(Uuid::from_u128(0x0192_f3a1_7c00_7000_8000_0000_0000_0000 | number))
}

pub(crate) fn order_id(number: u128) -> OrderId {
    cart_id(number).order_id()
}

pub(crate) fn payment_id(number: u128) -> PaymentId {
    order_id(number).payment_id()
}

pub(crate) fn operation(number: u128, purpose: &str) -> OperationId {
    payment_id(number).operation_id(purpose)
}

pub(crate) fn shipment_id(number: u128) -> ShipmentId {
    ShipmentId::new(Uuid::from_u128(number))
}

pub(crate) fn return_id(number: u128) -> ReturnId {
    ReturnId::new(Uuid::from_u128(number))
}

pub(crate) fn new_line(name: &str, quantity: u32, price_minor: i64) -> NewLine {
    NewLine {
        sku: sku(name),
        product_id: name.parse().unwrap(),
        title: format!("A fine {name}"),
        quantity: units(quantity),
        unit_price: gbp(price_minor),
    }
}

pub(crate) fn cart_line(line_id: u32, name: &str, quantity: u32, price_minor: i64) -> CartLine {
    let NewLine { sku, product_id, title, quantity, unit_price } = new_line(name, quantity, price_minor);
    CartLine { line_id: LineId(line_id), sku, product_id, title, quantity, unit_price }
}

pub(crate) fn checked_out(cart: u128, lines: Vec<CartLine>, charges: Vec<Charge>) -> CartCheckedOut {
    let goods: i64 = lines.iter().map(|line| line.unit_price.minor * i64::from(line.quantity.get())).sum();
    let extras: i64 = charges.iter().map(|charge| charge.amount.minor).sum();
    CartCheckedOut {
        cart_id: cart_id(cart),
        order_id: order_id(cart),
        currency: pounds(),
        country: None,
        customer_id: None,
        lines,
        charges,
        total: gbp(goods + extras),
        payment_token: "tok_visa".to_owned(),
        reference: None,
        personal: Default::default(),
    }
}
