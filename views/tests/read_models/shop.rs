//! A small shop's history, written straight into a log in memory.

use bytes::Bytes;
use daybook_domain::{
    CartId, Event, LineId, LocationId, Money, OrderId, PaymentId, Personal, Quantity, ShipmentId, Sku,
    Timestamp,
    cart::{CartCheckedOut, CartCreated, CartEvent, CartLine, CartLinesAdded, CartOrdered},
    inventory::{
        InventoryEvent, LocationQuantity, ReservationCommitted, StockReceived, StockReserved, StockShipped,
    },
    location::{
        LocationChanged, LocationClosed, LocationDetails, LocationEvent, LocationKind, LocationOpened,
    },
    order::{
        Allocation, LineQuantity, OrderAllocated, OrderCompleted, OrderConfirmed, OrderDelivered, OrderEvent,
        OrderLine, OrderPlaced, OrderShipped, SkuQuantity,
    },
    payment::{AuthorizationRequested, CaptureRequested, PaymentAuthorized, PaymentCaptured, PaymentEvent},
    product::{ProductCreated, ProductEvent, ProductSpec, ProductStatus, Variant},
};
use daybook_event_log::{
    Append, EventLog, ExpectedVersion, MemoryLog, Metadata, NewEvent, Position, StreamId,
};
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

/// A second of business time, in ns.
pub(crate) const SECOND: i64 = 1_000_000_000;

pub(crate) struct Book {
    pub(crate) log: Arc<MemoryLog>,
    /// The business time of the next event, in ns.
    pub(crate) now_ns: i64,
}

pub(crate) fn sku(n: usize) -> Sku {
    format!("SKU-{n}").parse().unwrap()
}

pub(crate) fn gbp(minor: i64) -> Money {
    Money::new(minor, "GBP".parse().unwrap())
}

pub(crate) fn units(n: u32) -> Quantity {
    Quantity::new(n).unwrap()
}

pub(crate) fn location() -> LocationId {
    "main".parse().unwrap()
}

pub(crate) fn cart_id(n: u128) -> CartId {
    CartId::new(Uuid::from_u128((n << 80) | 7))
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_nanos(seconds * SECOND)
}

impl Default for Book {
    fn default() -> Self {
        Self { log: Arc::new(MemoryLog::new()), now_ns: SECOND }
    }
}

impl Book {
    pub(crate) fn log(&self) -> Arc<dyn EventLog> {
        self.log.clone()
    }

    pub(crate) fn head(&self) -> Position {
        *self.log.head().borrow()
    }

    /// Writes events to one stream, a second of business time apart; answers the last one's position.
    pub(crate) fn write(
        &mut self,
        id: impl std::fmt::Display,
        events: impl IntoIterator<Item = Event>,
    ) -> Position {
        for event in events {
            let stream = StreamId::new(event.aggregate(), &id).unwrap();
            let payload = Bytes::from(event.encode());
            self.raw(stream, event.type_name(), event.schema_version(), payload);
        }
        self.head()
    }

    /// Writes an event whatever it holds.
    pub(crate) fn raw(
        &mut self,
        stream: StreamId,
        event_type: &'static str,
        schema_version: u16,
        payload: Bytes,
    ) {
        let metadata =
            Metadata { occurred_at_ns: self.now_ns, actor: "staff:tester".to_owned(), ..Metadata::default() };
        let n = self.head().get() + 1;
        let event_id = Uuid::from_u128(u128::from(n) << 64 | u128::from(self.now_ns.unsigned_abs()));
        let event = NewEvent { event_id, event_type: event_type.into(), schema_version, metadata, payload };
        let append = Append { stream, expected: ExpectedVersion::Any, events: vec![event] };
        let written = futures::executor::block_on(self.log.append(vec![append])).unwrap();
        assert!(written[0].is_ok(), "the history is written: {written:?}");
        self.now_ns += SECOND;
    }

    pub(crate) fn product(&mut self, n: usize, price: i64) {
        let spec = ProductSpec {
            title: format!("Mug {n}"),
            description: String::new(),
            brand: Some("Potter".to_owned()),
            category: vec!["Home".to_owned(), format!("Room {}", n % 3)],
            attributes: BTreeMap::new(),
            media: Vec::new(),
            variants: vec![Variant {
                sku: sku(n),
                options: BTreeMap::new(),
                prices: vec![gbp(price)],
                barcodes: Vec::new(),
            }],
            tax_class: None,
        };
        let product_id = format!("P-{n}").parse().unwrap();
        let created = ProductCreated { product_id, status: ProductStatus::Published, spec };
        self.write(format!("P-{n}"), [ProductEvent::ProductCreated(created).into()]);
    }

    pub(crate) fn receive(&mut self, n: usize, quantity: u32, on_hand: i64) {
        let received = StockReceived {
            sku: sku(n),
            location: location(),
            quantity: units(quantity),
            reference: Some("note 1".to_owned()),
            on_hand,
        };
        self.write(sku(n), [InventoryEvent::StockReceived(received).into()]);
    }

    /// A location that is opened, described anew and closed.
    pub(crate) fn closed_location(&mut self, name: &str) {
        let location_id: LocationId = name.parse().unwrap();
        let details =
            |name: &str| LocationDetails { name: name.to_owned(), kind: LocationKind::Store, country: None };
        let opened = LocationOpened { location_id: location_id.clone(), details: details(name) };
        let changed = LocationChanged { location_id: location_id.clone(), details: details("Another") };
        let closed = LocationClosed { location_id: location_id.clone() };
        let events = [
            LocationEvent::LocationOpened(opened),
            LocationEvent::LocationChanged(changed),
            LocationEvent::LocationClosed(closed),
        ];
        self.write(location_id, events.map(Event::from));
    }

    pub(crate) fn cart(&mut self, id: CartId, lines: &[(usize, u32)]) {
        let created = CartCreated {
            cart_id: id,
            currency: "GBP".parse().unwrap(),
            country: None,
            customer_id: Some("C1".parse().unwrap()),
        };
        let added = CartLinesAdded { lines: cart_lines(lines) };
        self.write(id, [CartEvent::CartCreated(created).into(), CartEvent::CartLinesAdded(added).into()]);
    }

    /// From checkout to confirmation; answers the order.
    pub(crate) fn order(&mut self, id: CartId, lines: &[(usize, u32)]) -> OrderId {
        let (order_id, payment_id) = (id.order_id(), id.order_id().payment_id());
        let total = gbp(lines.iter().map(|(_, quantity)| 250 * i64::from(*quantity)).sum());
        self.write(id, [CartEvent::CartCheckedOut(checked_out(id, lines, total)).into()]);
        self.write(order_id, [OrderEvent::OrderPlaced(placed(id, lines, total)).into()]);
        let part = |quantity: u32| vec![LocationQuantity { location: location(), quantity: units(quantity) }];
        for (n, quantity) in lines {
            let until = Timestamp::from_nanos(self.now_ns + 900 * SECOND);
            let reserved = StockReserved { sku: sku(*n), order_id, allocations: part(*quantity), until };
            self.write(sku(*n), [InventoryEvent::StockReserved(reserved).into()]);
        }
        let allocation = |(n, quantity): &(usize, u32)| Allocation {
            sku: sku(*n),
            location: location(),
            quantity: units(*quantity),
        };
        let allocated = OrderAllocated {
            order_id,
            payment_id,
            amount: total,
            payment_token: "tok".to_owned(),
            allocations: lines.iter().map(allocation).collect(),
        };
        self.write(order_id, [OrderEvent::OrderAllocated(allocated).into()]);
        self.write(payment_id, authorized(payment_id, order_id, total));
        for (n, _) in lines {
            let committed = ReservationCommitted { sku: sku(*n), order_id };
            self.write(sku(*n), [InventoryEvent::ReservationCommitted(committed).into()]);
        }
        self.write(order_id, [OrderEvent::OrderConfirmed(OrderConfirmed { order_id, cart_id: id }).into()]);
        self.write(id, [CartEvent::CartOrdered(CartOrdered { order_id }).into()]);
        order_id
    }

    /// Everything leaves, is paid for and arrives.
    pub(crate) fn fulfil(&mut self, id: CartId, lines: &[(usize, u32)]) {
        let (order_id, payment_id) = (id.order_id(), id.order_id().payment_id());
        let total = gbp(lines.iter().map(|(_, quantity)| 250 * i64::from(*quantity)).sum());
        let shipment_id = ShipmentId::new(Uuid::from_u128(id.uuid().as_u128() ^ 1));
        let parts: Vec<_> = order_lines(lines)
            .iter()
            .map(|line| LineQuantity { line_id: line.line_id, quantity: line.quantity })
            .collect();
        let of = |(n, quantity): &(usize, u32)| SkuQuantity { sku: sku(*n), quantity: units(*quantity) };
        let shipped = OrderShipped {
            order_id,
            shipment_id,
            payment_id,
            lines: parts.clone(),
            skus: lines.iter().map(of).collect(),
            amount: total,
            carrier: Some("Post".to_owned()),
            tracking: None,
            location: None,
            release: None,
        };
        self.write(order_id, [OrderEvent::OrderShipped(shipped).into()]);
        for (n, quantity) in lines {
            let allocations = vec![LocationQuantity { location: location(), quantity: units(*quantity) }];
            let shipped =
                StockShipped { sku: sku(*n), order_id, shipment_id, allocations, reserved_at: Vec::new() };
            self.write(sku(*n), [InventoryEvent::StockShipped(shipped).into()]);
        }
        let operation_id = payment_id.operation_id("capture");
        let requested = CaptureRequested { payment_id, order_id, operation_id, amount: total };
        let captured =
            PaymentCaptured { payment_id, order_id, operation_id, amount: total, captured_total: total };
        let events = [
            PaymentEvent::CaptureRequested(requested).into(),
            PaymentEvent::PaymentCaptured(captured).into(),
        ];
        self.write(payment_id, events);
        let delivered = OrderDelivered { order_id, lines: parts };
        let completed = OrderCompleted { order_id };
        let events =
            [OrderEvent::OrderDelivered(delivered).into(), OrderEvent::OrderCompleted(completed).into()];
        self.write(order_id, events);
    }

    /// A day of business: `carts` carts of two lines, some of them ordered, some of those fulfilled.
    pub(crate) fn day(carts: u128) -> Self {
        let mut book = Self::default();
        for n in 0..5 {
            book.product(n, 250);
            book.receive(n, 10_000, 10_000);
        }
        for n in 0..carts {
            let lines = [(usize::try_from(n % 5).unwrap(), 1), (usize::try_from((n + 2) % 5).unwrap(), 2)];
            book.cart(cart_id(n), &lines);
            if n % 4 != 3 {
                book.order(cart_id(n), &lines);
            }
            if n % 4 == 0 {
                book.fulfil(cart_id(n), &lines);
            }
        }
        book.closed_location("york");
        book
    }
}

fn cart_lines(lines: &[(usize, u32)]) -> Vec<CartLine> {
    let line = |(at, (n, quantity)): (u32, &(usize, u32))| CartLine {
        line_id: LineId(at),
        sku: sku(*n),
        product_id: format!("P-{n}").parse().unwrap(),
        title: format!("Mug {n}"),
        quantity: units(*quantity),
        unit_price: gbp(250),
    };
    (1..).zip(lines).map(line).collect()
}

fn order_lines(lines: &[(usize, u32)]) -> Vec<OrderLine> {
    let line = |line: CartLine| OrderLine {
        net: gbp(250 * i64::from(line.quantity.get())),
        line_id: line.line_id,
        sku: line.sku,
        product_id: line.product_id,
        title: line.title,
        quantity: line.quantity,
        unit_price: line.unit_price,
    };
    cart_lines(lines).into_iter().map(line).collect()
}

fn checked_out(id: CartId, lines: &[(usize, u32)], total: Money) -> CartCheckedOut {
    CartCheckedOut {
        cart_id: id,
        order_id: id.order_id(),
        currency: total.currency,
        country: None,
        customer_id: Some("C1".parse().unwrap()),
        lines: cart_lines(lines),
        charges: Vec::new(),
        total,
        payment_token: "tok".to_owned(),
        reference: Some("INV-1".to_owned()),
        personal: Personal::default(),
    }
}

fn placed(id: CartId, lines: &[(usize, u32)], total: Money) -> OrderPlaced {
    OrderPlaced {
        order_id: id.order_id(),
        number: id.order_id().number(),
        cart_id: id,
        payment_id: id.order_id().payment_id(),
        customer_id: Some("C1".parse().unwrap()),
        currency: total.currency,
        country: None,
        lines: order_lines(lines),
        charges: Vec::new(),
        total,
        payment_token: "tok".to_owned(),
        reference: Some("INV-1".to_owned()),
        personal: Personal::default(),
    }
}

fn authorized(payment_id: PaymentId, order_id: OrderId, amount: Money) -> [Event; 2] {
    let operation_id = payment_id.operation_id("authorize");
    let (token, skus) = ("tok".to_owned(), Vec::new());
    let requested = AuthorizationRequested { payment_id, order_id, operation_id, amount, token, skus };
    let (reference, skus) = ("gw-1".to_owned(), Vec::new());
    let authorized = PaymentAuthorized { payment_id, order_id, operation_id, amount, reference, skus };
    [
        PaymentEvent::AuthorizationRequested(requested).into(),
        PaymentEvent::PaymentAuthorized(authorized).into(),
    ]
}
