//! A small shop to test with: engines over a log, and the commands a customer and a warehouse send.

use daybook_domain::{
    Actor, CartId, Command, Currency, Money, OrderId, Quantity, Sku, Timestamp,
    cart::{CartCommand, CheckOutCart, CreateCart, NewLine},
    inventory::{InventoryCommand, ReceiveStock},
};
use daybook_engine::{
    Clock, CommandError, CommandRequest, Engine, EngineOptions, OrderOutcome, Outcome, Priority,
    SettableClock, ShopSecret,
};
use daybook_event_log::{Append, EventLog, ExpectedVersion, MemoryLog, NewEvent, RecordedEvent};
use std::sync::Arc;
use uuid::Uuid;

/// An engine over a fresh log in memory.
pub(crate) async fn open() -> Engine {
    let (log, clock) = log_and_clock();
    open_over(log, clock, EngineOptions::default()).await
}

/// A log in memory, and the clock it goes by.
pub(crate) fn log_and_clock() -> (Arc<MemoryLog>, Arc<SettableClock>) {
    let clock = Arc::new(SettableClock::at(Timestamp::parse("2026-02-01T12:00:00Z").expect("a time")));
    let told = Arc::clone(&clock);
    (Arc::new(MemoryLog::with_clock(move || told.now().as_nanos())), clock)
}

pub(crate) async fn open_over(
    log: Arc<dyn EventLog>,
    clock: Arc<dyn Clock>,
    options: EngineOptions,
) -> Engine {
    // The secret says which shard a stream goes to, and so which commands share a sync.
    let secret = ShopSecret::new([1; ShopSecret::BYTES]);
    let options = EngineOptions { shards: 2, clock, secret, ..options };
    Engine::start(log, options).await.expect("the engine starts")
}

pub(crate) fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 + n)
}

pub(crate) fn cart(n: u128) -> CartId {
    CartId::new(id(0x1000_0000 + n))
}

pub(crate) fn order(n: u128) -> OrderId {
    cart(n).order_id()
}

pub(crate) fn sku(name: &str) -> Sku {
    name.parse().expect("a SKU")
}

pub(crate) fn units(n: u32) -> Quantity {
    Quantity::new(n).expect("a quantity")
}

pub(crate) fn pounds(minor: i64) -> Money {
    Money::new(minor, gbp())
}

pub(crate) fn gbp() -> Currency {
    "GBP".parse().expect("a currency")
}

pub(crate) fn line(name: &str, quantity: u32) -> NewLine {
    NewLine {
        sku: sku(name),
        product_id: name.parse().expect("a product id"),
        title: format!("the {name}"),
        quantity: units(quantity),
        unit_price: pounds(250),
    }
}

pub(crate) fn receive(name: &str, quantity: u32) -> Command {
    let received = ReceiveStock {
        sku: sku(name),
        location: "main".parse().expect("a location"),
        quantity: units(quantity),
        reference: None,
    };
    Command::Inventory(sku(name), InventoryCommand::ReceiveStock(received))
}

pub(crate) fn create_cart(n: u128, lines: Vec<NewLine>) -> Command {
    let create = CreateCart { cart_id: cart(n), currency: gbp(), country: None, customer_id: None, lines };
    Command::Cart(cart(n), CartCommand::CreateCart(create))
}

pub(crate) fn check_out(n: u128, token: &str) -> Command {
    let check_out = CheckOutCart {
        payment_token: token.to_owned(),
        offers: None,
        charges: Vec::new(),
        reference: None,
        personal: None,
    };
    Command::Cart(cart(n), CartCommand::CheckOutCart(check_out))
}

/// Executes a command under an id that says which it is.
pub(crate) async fn execute(
    engine: &Engine,
    command_id: u128,
    command: Command,
) -> Result<Outcome, CommandError> {
    engine.execute(CommandRequest::new(command, id(command_id), Actor::Anonymous)).await
}

/// Puts two lines in a cart, checks it out, and waits for what becomes of it.
pub(crate) async fn buy(engine: &Engine, n: u128, token: &str) -> OrderOutcome {
    let lines = vec![line("mug", 2), line("pot", 1)];
    execute(engine, 0x2_0000 + n, create_cart(n, lines)).await.expect("a new cart");
    let mut watch = engine.watch_order(order(n));
    let mut request = CommandRequest::new(check_out(n, token), id(0x3_0000 + n), Actor::Anonymous);
    request.priority = Priority::Checkout;
    engine.execute(request).await.expect("the cart can be checked out");
    watch.outcome().await
}

/// A shop with plenty of mugs and pots.
pub(crate) async fn stocked(engine: &Engine) {
    execute(engine, 1, receive("mug", 900_000)).await.expect("stock");
    execute(engine, 2, receive("pot", 900_000)).await.expect("stock");
}

/// Appends events to another log as they are.
pub(crate) async fn copy(events: &[RecordedEvent], to: &MemoryLog) {
    for recorded in events {
        let event = NewEvent {
            event_id: recorded.event_id(),
            event_type: recorded.event_type().to_owned().into(),
            schema_version: recorded.schema_version(),
            metadata: recorded.metadata(),
            payload: recorded.payload_bytes(),
        };
        let append =
            Append { stream: recorded.stream_id(), expected: ExpectedVersion::Any, events: vec![event] };
        let outcomes = to.append(vec![append]).await.expect("memory takes everything");
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    }
}
