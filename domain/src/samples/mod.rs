//! Samples: the states, commands and events by which generic tests know every aggregate. Each aggregate gives its
//! own in its `samples.rs`; the tests of decisions, schemas, upcasting, snapshots, processes and read models go
//! over all of them and name none.
//!
//! Not behind a feature, because a second build of the domain costs more than these functions; what no program
//! calls is not linked.

mod random;

pub use random::Random;

use crate::{
    Actor, Address, CartId, Command, Context, Currency, Decider, Event, LineId, LocationId, Money,
    OperationId, OrderId, PaymentId, Personal, Quantity, ReturnId, ShipmentId, Sku, Timestamp,
    cart::{CartCheckedOut, CartLine, NewLine},
    order::{Charge, ChargeKind},
};
use std::{fmt::Debug, str::FromStr, time::Duration};
use uuid::Uuid;

/// An aggregate with samples; every aggregate of the list has them.
pub trait Sampled: Decider {
    /// The aggregate that its samples speak of.
    fn sample_id() -> Self::Id;

    fn samples() -> Samples<Self>;

    /// Any command at all, with amounts at the edges of what their types can hold.
    fn any_command(random: &mut Random) -> Self::Command;
}

/// Samples of one aggregate.
#[derive(Debug)]
pub struct Samples<D: Decider> {
    /// Names of states and the events that lead there.
    pub states: Vec<(&'static str, Vec<D::Event>)>,
    /// Every command at least once, on the same aggregate and at the time of [`context`].
    pub commands: Vec<D::Command>,
    /// Every event once, in the order of the declaration, with all the fields it can have.
    pub events: Vec<D::Event>,
}

/// Samples of one aggregate, for tests that go over all aggregates.
#[derive(Debug)]
pub struct AnySamples<C = Command, E = Event> {
    pub aggregate: &'static str,
    pub states: Vec<(&'static str, Vec<E>)>,
    pub commands: Vec<C>,
    pub events: Vec<E>,
    pub any_command: fn(&mut Random) -> C,
}

/// Goes over all aggregates by their types.
pub trait Visitor {
    fn visit<D>(&mut self)
    where
        D: Sampled
            + cqrs_es::Aggregate<
                Command = <D as Decider>::Command,
                Event = <D as Decider>::Event,
                Error = <D as Decider>::Rejection,
                Services = Context,
            >;
}

/// The events that commands lead to, one after another.
///
/// # Panics
/// If one of them is refused.
pub fn decided<D: Decider>(commands: &[D::Command]) -> Vec<D::Event> {
    let mut state = D::default();
    let decided = commands.iter().map(|command| state.execute(command.clone(), &context()));
    decided.flat_map(|events| events.expect("the state can be reached")).collect()
}

/// The aggregate that events make.
pub fn evolved<D: Decider>(events: &[D::Event]) -> D {
    let mut state = D::default();
    events.iter().for_each(|event| state.evolve(event));
    state
}

pub const CART: &str = "0192f3a1-7c00-7000-8000-000000000001";
pub const OTHER_CART: &str = "0192f3a1-7c00-7000-8000-000000000002";
pub const ORDER: &str = "0192f3a1-7c00-7000-8000-000000000003";
pub const PAYMENT: &str = "0192f3a1-7c00-7000-8000-000000000004";
pub const OPERATION: &str = "0192f3a1-7c00-7000-8000-000000000005";
pub const SHIPMENT: &str = "0192f3a1-7c00-7000-8000-000000000006";
pub const RETURN: &str = "0192f3a1-7c00-7000-8000-000000000007";
pub const CREDIT: &str = "0192f3a1-7c00-7000-8000-000000000008";

/// A value that is read from text.
pub fn parsed<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect("a sample can be read")
}

pub fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a sample can be read")
}

/// Everything that may be known of a person.
pub fn ada() -> Personal {
    let address = || Address {
        lines: vec!["12 St James's Square".to_owned()],
        city: "London".to_owned(),
        region: Some("Greater London".to_owned()),
        postal_code: Some("SW1Y 4JH".to_owned()),
        country: parsed("GB"),
    };
    Personal {
        name: Some("Ada Lovelace".to_owned()),
        email: Some("ada@example.org".to_owned()),
        phone: Some("+44 20 7946 0000".to_owned()),
        shipping_address: Some(address()),
        billing_address: Some(address()),
    }
}

pub const START: Timestamp = Timestamp::from_nanos(1_700_000_000_000_000_000);

pub fn at(seconds: u64) -> Timestamp {
    START.after(Duration::from_secs(seconds))
}

pub fn context() -> Context {
    context_at(0)
}

pub fn context_at(seconds: u64) -> Context {
    Context { now: at(seconds), actor: Actor::Anonymous }
}

pub fn pounds() -> Currency {
    parsed("GBP")
}

pub fn gbp(minor: i64) -> Money {
    Money::new(minor, pounds())
}

pub fn sku(text: &str) -> Sku {
    parsed(text)
}

pub fn place(text: &str) -> LocationId {
    parsed(text)
}

pub fn units(count: u32) -> Quantity {
    Quantity::new(count).expect("a sample")
}

pub fn cart_id(number: u128) -> CartId {
    CartId::new(Uuid::from_u128(0x0192_f3a1_7c00_7000_8000_0000_0000_0000 | number))
}

pub fn order_id(number: u128) -> OrderId {
    cart_id(number).order_id()
}

pub fn payment_id(number: u128) -> PaymentId {
    order_id(number).payment_id()
}

pub fn operation(number: u128, purpose: &str) -> OperationId {
    payment_id(number).operation_id(purpose)
}

pub fn shipment_id(number: u128) -> ShipmentId {
    ShipmentId::new(Uuid::from_u128(number))
}

pub fn return_id(number: u128) -> ReturnId {
    ReturnId::new(Uuid::from_u128(number))
}

pub fn new_line(name: &str, quantity: u32, price_minor: i64) -> NewLine {
    NewLine {
        sku: sku(name),
        product_id: parsed(name),
        title: format!("A fine {name}"),
        quantity: units(quantity),
        unit_price: gbp(price_minor),
    }
}

pub fn cart_line(line_id: u32, name: &str, quantity: u32, price_minor: i64) -> CartLine {
    let NewLine { sku, product_id, title, quantity, unit_price } = new_line(name, quantity, price_minor);
    CartLine { line_id: LineId(line_id), sku, product_id, title, quantity, unit_price }
}

pub fn checked_out(cart: u128, lines: Vec<CartLine>, charges: Vec<Charge>) -> CartCheckedOut {
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

/// An amount beside the articles.
pub fn postage() -> Charge {
    Charge { kind: ChargeKind::Shipping, label: "Postage".to_owned(), amount: gbp(395) }
}

pub fn any_charge(random: &mut Random) -> Charge {
    let kind = [ChargeKind::Shipping, ChargeKind::Discount, ChargeKind::Manual][random.below(3)];
    Charge { kind, label: "extra".to_owned(), amount: random.amount() }
}

pub fn any_new_line(random: &mut Random) -> NewLine {
    let unit_price = random.amount();
    NewLine { unit_price, quantity: random.quantity(), ..new_line(random.name(), 1, 1) }
}
