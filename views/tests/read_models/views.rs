//! What is shown after a given history.

use crate::{
    batches::{open, runtime},
    place::now,
    shop::{Book, at, cart_id, gbp, location, sku, units},
};
use daybook_domain::{
    Event, LineId,
    cart::{CartEvent, CartLineQuantityChanged},
    inventory::{InventoryEvent, LocationQuantity, StockReserved},
    order::{OrderEvent, OrderReturned, ReturnCondition, ReturnedLine},
    payment::{PaymentEvent, PaymentRefunded},
    product::{PricesChanged, ProductArchived, ProductEvent, ProductStatus, SkuPrices},
};
use daybook_views::{
    Views,
    cart::{CartState, CartView},
    catalog::{PriceChange, ProductView},
    order::{FulfilmentState, OrderState, OrderView},
    payment::{OperationState, PaymentState, PaymentView},
    stock::{Movement, MovementKind, StockView},
};
use uuid::Uuid;

fn shown(book: &Book) -> (tempfile::TempDir, Views) {
    let dir = tempfile::tempdir().unwrap();
    let models = open(dir.path());
    runtime().block_on(models.catch_up(&book.log(), None)).unwrap();
    (dir, models)
}

fn one_order(fulfilled: bool) -> Book {
    let mut book = Book::default();
    book.product(1, 250);
    book.receive(1, 10, 10);
    book.cart(cart_id(1), &[(1, 3)]);
    book.order(cart_id(1), &[(1, 3)]);
    if fulfilled {
        book.fulfil(cart_id(1), &[(1, 3)]);
    }
    book
}

#[test]
fn an_order_shows_its_three_states_its_ledger_and_everything_that_happened() {
    let (_dir, models) = shown(&one_order(true));
    let order_id = cart_id(1).order_id();
    let order: OrderView = now(models.orders().by_id(order_id)).unwrap().unwrap().parse().unwrap();
    assert_eq!(order.state, OrderState::Completed);
    assert_eq!(order.fulfilment, FulfilmentState::Delivered);
    assert_eq!(order.payment.state, PaymentState::Captured);
    let line = &order.lines[0];
    assert_eq!((line.ordered, line.open, line.allocated, line.shipped, line.delivered), (3, 0, 0, 3, 3));
    let happened: Vec<_> = order.timeline.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(
        happened,
        [
            "OrderPlaced",
            "OrderAllocated",
            "AuthorizationRequested",
            "PaymentAuthorized",
            "OrderConfirmed",
            "OrderShipped",
            "CaptureRequested",
            "PaymentCaptured",
            "OrderDelivered",
            "OrderCompleted"
        ]
    );
    assert_eq!(order.version, 6, "payment events do not count as versions of the order");
    assert_eq!(order.position, order.timeline[9].position);
    assert_eq!(order.timeline[0].actor, "staff:tester");
}

#[test]
fn an_order_is_found_by_number_reference_and_customer_newest_first() {
    let mut book = one_order(false);
    for n in 2..5 {
        book.cart(cart_id(n), &[(1, 1)]);
        book.order(cart_id(n), &[(1, 1)]);
    }
    let (_dir, models) = shown(&book);
    let orders = models.orders();
    let by_number = now(orders.by_number(&cart_id(2).order_id().number())).unwrap().unwrap();
    assert_eq!(by_number.parse::<OrderView>().unwrap().cart_id, cart_id(2));
    assert_eq!(now(orders.by_reference("INV-1", None, 10)).unwrap().rows.len(), 4);
    assert_eq!(now(orders.by_reference("INV", None, 10)).unwrap().rows.len(), 0, "not by the beginning");
    let customer = "C1".parse().unwrap();
    let first = now(orders.of_customer(&customer, None, 3)).unwrap();
    let carts = |rows: &[daybook_read_store::Row]| {
        rows.iter().map(|row| row.parse::<OrderView>().unwrap().cart_id).collect::<Vec<_>>()
    };
    assert_eq!(carts(&first.rows), [cart_id(4), cart_id(3), cart_id(2)]);
    let text = first.next.unwrap().to_string();
    let cursor = daybook_read_store::Cursor::parse(&text).unwrap();
    let second = now(orders.of_customer(&customer, Some(&cursor), 3)).unwrap();
    assert_eq!((carts(&second.rows), second.next), (vec![cart_id(1)], None));
}

#[test]
fn returned_goods_and_refunds_show_on_order_and_payment() {
    let mut book = one_order(true);
    let (order_id, payment_id) = (cart_id(1).order_id(), cart_id(1).order_id().payment_id());
    let line = ReturnedLine {
        line_id: LineId(1),
        sku: sku(1),
        quantity: units(1),
        condition: ReturnCondition::Sellable,
    };
    let returned = OrderReturned {
        order_id,
        return_id: daybook_domain::ReturnId::new(Uuid::from_u128(9)),
        payment_id,
        lines: vec![line],
        refund: gbp(250),
        reason: Some("chipped".to_owned()),
        location: location(),
    };
    book.write(order_id, [OrderEvent::OrderReturned(returned).into()]);
    let operation_id = payment_id.operation_id("refund");
    let (amount, refunded_total) = (gbp(250), gbp(250));
    let refunded = PaymentRefunded { payment_id, order_id, operation_id, amount, refunded_total };
    book.write(payment_id, [PaymentEvent::PaymentRefunded(refunded).into()]);
    let (_dir, models) = shown(&book);
    let order: OrderView = now(models.orders().by_id(order_id)).unwrap().unwrap().parse().unwrap();
    assert_eq!(order.fulfilment, FulfilmentState::PartiallyReturned);
    assert_eq!(order.lines[0].returned, 1);
    let payment: PaymentView = now(models.payments().by_id(payment_id)).unwrap().unwrap().parse().unwrap();
    assert_eq!(payment.summary, order.payment);
    assert_eq!(payment.summary.state, PaymentState::PartiallyRefunded);
    assert!(payment.operations.iter().all(|operation| operation.state == OperationState::Done));
}

#[test]
fn a_cart_shows_its_lines_and_totals_and_is_idle_until_touched() {
    let mut book = Book::default();
    book.cart(cart_id(1), &[(1, 2), (2, 1)]);
    let (quantity, previous) = (units(5), units(2));
    let changed = CartLineQuantityChanged { line_id: LineId(1), quantity, previous };
    let changed: Event = CartEvent::CartLineQuantityChanged(changed).into();
    book.write(cart_id(1), [changed.clone()]);
    book.cart(cart_id(2), &[(1, 1)]);
    let (dir, models) = shown(&book);
    let cart: CartView = now(models.carts().by_id(cart_id(1))).unwrap().unwrap().parse().unwrap();
    assert_eq!((cart.state, cart.total, cart.version), (CartState::Active, gbp(6 * 250), 3));
    assert_eq!(cart.lines[0].line_total, gbp(1250));
    assert_eq!(now(models.carts().idle_since(at(5), 10)).unwrap(), [cart_id(1)]);
    assert_eq!(now(models.carts().idle_since(at(100), 10)).unwrap(), [cart_id(1), cart_id(2)]);
    book.write(cart_id(1), [changed]);
    book.order(cart_id(2), &[(1, 1)]);
    runtime().block_on(models.catch_up(&book.log(), None)).unwrap();
    assert!(now(models.carts().idle_since(at(5), 10)).unwrap().is_empty(), "touched, and ordered");
    assert_eq!(now(models.carts().idle_since(at(100), 10)).unwrap(), [cart_id(1)]);
    drop(dir);
}

#[test]
fn stock_is_explained_by_its_movements() {
    let (_dir, models) = shown(&one_order(true));
    let stock: StockView = now(models.stock().by_sku(&sku(1), at(10))).unwrap().unwrap().parse().unwrap();
    assert_eq!((stock.on_hand, stock.reserved, stock.available), (7, 0, 7));
    let page = now(models.stock().movements(&sku(1), None, 2)).unwrap();
    let more = now(models.stock().movements(&sku(1), page.next.as_ref(), 9)).unwrap();
    let movements: Vec<Movement> =
        page.rows.iter().chain(&more.rows).map(|row| row.parse().unwrap()).collect();
    let kinds: Vec<_> = movements.iter().map(|movement| movement.kind).collect();
    assert_eq!(kinds, [MovementKind::Shipped, MovementKind::Reserved, MovementKind::Received]);
    let on_hand: i64 = movements.iter().map(|movement| movement.on_hand_delta).sum();
    let reserved: i64 = movements.iter().map(|movement| movement.reserved_delta).sum();
    assert_eq!((on_hand, reserved), (stock.on_hand, stock.reserved));
    assert_eq!(movements[0].order_id, Some(cart_id(1).order_id()));
    assert_eq!(movements[2].reference.as_deref(), Some("note 1"));
}

#[test]
fn a_hold_whose_time_is_up_counts_as_free() {
    let mut book = Book::default();
    book.receive(1, 10, 10);
    let allocations = vec![LocationQuantity { location: location(), quantity: units(4) }];
    let order_id = cart_id(1).order_id();
    let reserved = StockReserved { sku: sku(1), order_id, allocations, until: at(100) };
    book.write(sku(1), [InventoryEvent::StockReserved(reserved).into()]);
    let (_dir, models) = shown(&book);
    let at_time =
        |time| now(models.stock().by_sku(&sku(1), time)).unwrap().unwrap().parse::<StockView>().unwrap();
    let before = at_time(at(99));
    assert_eq!((before.reserved, before.available, before.locations[0].lapsed), (4, 6, 0));
    let after = at_time(at(100));
    assert_eq!((after.reserved, after.available, after.locations[0].lapsed), (0, 10, 4));
}

#[test]
fn the_catalog_shows_products_by_sku_category_and_brand_and_what_they_cost() {
    let mut book = Book::default();
    for n in 0..6 {
        book.product(n, 250);
    }
    let prices = |minor| vec![SkuPrices { sku: sku(4), prices: vec![gbp(minor)] }];
    let product_id: daybook_domain::ProductId = "P-4".parse().unwrap();
    let changed =
        PricesChanged { product_id: product_id.clone(), changed: prices(300), previous: prices(250) };
    book.write("P-4", [ProductEvent::PricesChanged(changed).into()]);
    let (_dir, models) = shown(&book);
    let catalog = models.catalog();
    let product: ProductView = now(catalog.by_sku(&sku(4))).unwrap().unwrap().parse().unwrap();
    assert_eq!((product.variants[0].prices[0], product.version), (gbp(300), 2));
    let path = |steps: &[&str]| steps.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(now(catalog.by_category(&path(&["Home"]), None, 10)).unwrap().rows.len(), 6);
    assert_eq!(now(catalog.by_category(&path(&["Home", "Room 1"]), None, 10)).unwrap().rows.len(), 2);
    assert_eq!(now(catalog.by_category(&path(&["Hom"]), None, 10)).unwrap().rows.len(), 0);
    assert_eq!(now(catalog.by_brand("Potter", None, 4)).unwrap().rows.len(), 4);
    let history = now(catalog.price_history(&sku(4), None, 10)).unwrap().rows;
    let history: Vec<PriceChange> = history.iter().map(|row| row.parse().unwrap()).collect();
    assert_eq!(history.iter().map(|change| change.prices[0]).collect::<Vec<_>>(), [gbp(300), gbp(250)]);
    let gbp_code = "GBP".parse().unwrap();
    let offer = now(catalog.offer(&sku(4), gbp_code)).unwrap().unwrap();
    assert_eq!((offer.unit_price, offer.status), (Some(gbp(300)), ProductStatus::Published));
    assert_eq!(now(catalog.offer(&sku(4), "EUR".parse().unwrap())).unwrap().unwrap().unit_price, None);

    // The offer is in memory now; a change must reach it all the same.
    book.write("P-4", [ProductEvent::ProductArchived(ProductArchived { product_id }).into()]);
    runtime().block_on(models.catch_up(&book.log(), None)).unwrap();
    assert_eq!(now(catalog.offer(&sku(4), gbp_code)).unwrap().unwrap().status, ProductStatus::Archived);
    assert_eq!(now(catalog.by_category(&path(&["Home", "Room 1"]), None, 10)).unwrap().rows.len(), 1);
    assert!(
        now(catalog.by_sku(&sku(4))).unwrap().is_some(),
        "archived products are still shown by id and SKU"
    );
}
