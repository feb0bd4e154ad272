//! Any commands in any order, with amounts at the edges of what their types can hold. Nothing panics, a refusal
//! changes nothing, and whoever reads the events back gets the same state as whoever decided them.

use crate::{
    examples::{
        at, cart_id, checked_out, context_at, gbp, new_line, operation, order_id, payment_id, place, pounds,
        return_id, shipment_id, sku, units,
    },
    random::Random,
};
use daybook_domain::{
    AggregateState, Command, CreditId, Event, LineId, Money, Sku,
    cart::{self, CartCommand as C, CartLine},
    inventory::{self, InventoryCommand as I},
    order::{self, Charge, ChargeKind, LineQuantity, OrderCommand as O, ReturnCondition},
    payment::{self, GatewayOutcome, PaymentCommand as P},
    product::{self, ProductCommand as R, ProductStatus},
};
use proptest::prelude::*;
use uuid::Uuid;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_commands_lead_to_a_state_that_cannot_be_read_back(seed: u64) {
        lives(seed);
    }
}

#[test]
fn what_once_failed_does_not_again() {
    // Goods that come to the least amount there is, beside a discount.
    lives(16_474_087_463_860_494_155);
}

/// One life of each aggregate.
fn lives(seed: u64) {
    let mut random = Random::new(seed);
    for command in [product, cart, stock, order, payment] {
        some_of(command, &mut random);
    }
}

/// A life of one aggregate.
fn some_of(command: fn(&mut Random) -> Command, random: &mut Random) {
    let kind = command(random).aggregate();
    let (mut state, mut read) = (AggregateState::new(kind).unwrap(), AggregateState::new(kind).unwrap());
    for _ in 0..60 {
        let (command, before) = (command(random), state.clone());
        match state.handle(command, &context_at(u64::from(random.units(0, 2_000)))) {
            Ok(events) => events.iter().for_each(|event| read.apply(&through_the_log(event))),
            Err(_) => assert_eq!(state, before, "a refusal changed the state"),
        }
        assert_eq!(state, read);
    }
    let snapshot = AggregateState::from_snapshot(kind, &state.to_snapshot()).unwrap();
    assert_eq!(state, snapshot);
}

fn through_the_log(event: &Event) -> Event {
    let stored = event.encode();
    Event::decode(event.aggregate(), event.type_name(), event.schema_version(), &stored).unwrap()
}

/// Few, so that they meet.
fn few(random: &mut Random) -> u128 {
    random.units(1, 2).into()
}

fn name(random: &mut Random) -> &'static str {
    ["mug", "lamp"][random.below(2)]
}

fn location(random: &mut Random) -> daybook_domain::LocationId {
    place(["leeds", "york"][random.below(2)])
}

fn quantity(random: &mut Random) -> daybook_domain::Quantity {
    units([1, 2, 7, 999_999][random.below(4)])
}

fn count(random: &mut Random) -> u32 {
    [0, 1, 9, 999_999, 1_000_000, u32::MAX][random.below(6)]
}

fn wide(random: &mut Random) -> i64 {
    [0, 1, -1, 499, -20, 999_999, -999_999, i64::MAX, i64::MAX / 2, i64::MIN][random.below(10)]
}

fn amount(random: &mut Random) -> Money {
    if random.one_in(3) { Money::new(wide(random), pounds()) } else { gbp(random.units(0, 2_000).into()) }
}

fn perhaps<T>(random: &mut Random, make: impl FnOnce(&mut Random) -> T) -> Option<T> {
    random.one_in(2).then(|| make(random))
}

fn several<T>(random: &mut Random, make: impl Fn(&mut Random) -> T) -> Vec<T> {
    (0..random.below(4)).map(|_| make(random)).collect()
}

fn prices(random: &mut Random) -> product::SkuPrices {
    product::SkuPrices { sku: sku(name(random)), prices: several(random, amount) }
}

fn product(random: &mut Random) -> Command {
    let status = [ProductStatus::Draft, ProductStatus::Published, ProductStatus::Archived][random.below(3)];
    let variant = |random: &mut Random| {
        let product::SkuPrices { sku, prices } = prices(random);
        product::Variant { sku, options: Default::default(), prices, barcode: None }
    };
    let command = match random.below(5) {
        0..=1 => R::PutProduct(product::PutProduct {
            product_id: "mug".parse().unwrap(),
            spec: product::ProductSpec {
                title: ["", "Mug"][random.below(2)].to_owned(),
                description: String::new(),
                brand: None,
                category: vec![],
                attributes: Default::default(),
                media: vec![],
                variants: several(random, variant),
                tax_class: None,
            },
            status,
        }),
        2 => R::ChangePrices(product::ChangePrices { changes: several(random, prices) }),
        3 => R::PublishProduct(product::PublishProduct {}),
        _ => R::ArchiveProduct(product::ArchiveProduct {}),
    };
    Command::Product("mug".parse().unwrap(), command)
}

fn new_cart_line(random: &mut Random) -> cart::NewLine {
    let unit_price = amount(random);
    cart::NewLine { unit_price, quantity: quantity(random), ..new_line(name(random), 1, 1) }
}

fn charge(random: &mut Random) -> Charge {
    let kind = [ChargeKind::Shipping, ChargeKind::Discount, ChargeKind::Manual][random.below(3)];
    Charge { kind, label: "extra".to_owned(), amount: amount(random) }
}

fn offer(random: &mut Random) -> cart::CurrentOffer {
    cart::CurrentOffer { sku: sku(name(random)), unit_price: perhaps(random, amount) }
}

fn cart(random: &mut Random) -> Command {
    let line_id = LineId(random.units(0, 4));
    let (quantity, lines) = (quantity(random), several(random, new_cart_line));
    let command = match random.below(12) {
        0 => C::CreateCart(cart::CreateCart {
            cart_id: cart_id(1),
            currency: pounds(),
            country: None,
            customer_id: perhaps(random, |_| "ada".parse().unwrap()),
            lines,
        }),
        1..=2 => C::AddLines(cart::AddLines { lines }),
        3 => C::ChangeLineQuantity(cart::ChangeLineQuantity { line_id, quantity }),
        4 => C::RemoveLine(cart::RemoveLine { line_id }),
        5 => C::AssignCustomer(cart::AssignCustomer { customer_id: name(random).parse().unwrap() }),
        6 => C::SetContact(cart::SetContact { country: None, personal: Default::default() }),
        7 => C::RepriceCart(cart::RepriceCart { offers: several(random, offer) }),
        8 => C::CheckOutCart(cart::CheckOutCart {
            payment_token: "tok".to_owned(),
            offers: perhaps(random, |random| several(random, offer)),
            charges: several(random, charge),
            reference: None,
            personal: None,
        }),
        9 => C::CompleteCart(cart::CompleteCart { order_id: order_id(few(random)) }),
        10 => C::MergeCart(cart::MergeCart { into: cart_id(few(random)) }),
        _ => C::AbandonCart(cart::AbandonCart {
            reason: cart::AbandonReason::OrderRejected,
            unchanged_since: perhaps(random, |random| random.units(0, 9).into()),
        }),
    };
    Command::Cart(cart_id(1), command)
}

fn stock(random: &mut Random) -> Command {
    let (order_id, location, quantity) = (order_id(few(random)), location(random), quantity(random));
    let sku = sku("mug");
    let command = match random.below(14) {
        0..=1 => I::ReceiveStock(inventory::ReceiveStock { sku, location, quantity, reference: None }),
        2 => {
            let (delta, reason) = (wide(random), "counted".to_owned());
            I::AdjustStock(inventory::AdjustStock { sku, location, delta, reason })
        }
        3 => I::CountStock(inventory::CountStock { sku, location, counted: count(random) }),
        4 => {
            let to = self::location(random);
            I::TransferStock(inventory::TransferStock { sku, from: location, to, quantity })
        }
        5..=6 => I::SetStockPolicy(inventory::SetStockPolicy {
            sku,
            location,
            safety_stock: count(random),
            backorder_limit: count(random),
        }),
        7..=8 => {
            let until = at(u64::from(random.units(0, 3_000)));
            I::ReserveStock(inventory::ReserveStock { sku, order_id, quantity, until })
        }
        9 => I::CommitReservation(inventory::CommitReservation { order_id }),
        10 => {
            let reason = inventory::ReleaseReason::OrderCancelled;
            I::ReleaseReservation(inventory::ReleaseReservation { order_id, reason })
        }
        11 => I::ExpireReservations(inventory::ExpireReservations {}),
        12 => {
            let shipment_id = shipment_id(few(random));
            I::ShipReserved(inventory::ShipReserved { order_id, shipment_id, quantity })
        }
        _ => {
            let return_id = return_id(few(random));
            I::ReturnStock(inventory::ReturnStock { sku, order_id, return_id, location, quantity })
        }
    };
    Command::Inventory(self::sku("mug"), command)
}

fn line_quantity(random: &mut Random) -> LineQuantity {
    LineQuantity { line_id: LineId(random.units(1, 3)), quantity: quantity(random) }
}

fn order(random: &mut Random) -> Command {
    let lines = perhaps(random, |random| several(random, line_quantity));
    let command = match random.below(12) {
        0..=1 => O::PlaceOrder(order::PlaceOrder { checkout: some_checkout(random) }),
        2..=3 => {
            let allocation = |random: &mut Random| order::Allocation {
                sku: sku(name(random)),
                location: location(random),
                quantity: quantity(random),
            };
            O::AllocateOrder(order::AllocateOrder { allocations: several(random, allocation) })
        }
        4 => O::ConfirmOrder(order::ConfirmOrder {}),
        5 => O::RejectOrder(order::RejectOrder { reason: order::RejectReason::PaymentTimedOut {} }),
        6 => O::CancelOrder(order::CancelOrder { reason: "no".to_owned() }),
        7..=8 => {
            let shipment_id = shipment_id(few(random));
            O::ShipOrder(order::ShipOrder { shipment_id, lines, carrier: None, tracking: None })
        }
        9 => O::DeliverOrder(order::DeliverOrder { lines }),
        10 => {
            let condition = [ReturnCondition::Sellable, ReturnCondition::Damaged][random.below(2)];
            let lines = several(random, line_quantity).into_iter().map(|line| (line, condition)).collect();
            let return_id = return_id(few(random));
            O::ReturnGoods(order::ReturnGoods { return_id, lines, reason: None, location: None })
        }
        _ => {
            let Charge { kind, label, amount } = charge(random);
            let credit_id = CreditId::new(Uuid::from_u128(few(random)));
            O::CreditOrder(order::CreditOrder { credit_id, kind, label, amount })
        }
    };
    Command::Order(order_id(1), command)
}

/// What a cart hands over, whose total mostly fits.
fn some_checkout(random: &mut Random) -> cart::CartCheckedOut {
    let lines = (1..=random.units(0, 3)).map(|number| {
        let cart::NewLine { sku, product_id, title, quantity, unit_price } = new_cart_line(random);
        CartLine { line_id: LineId(number), sku, product_id, title, quantity, unit_price }
    });
    let lines: Vec<_> = lines.collect();
    let charges = several(random, charge);
    let goods = lines.iter().map(|line| line.unit_price.minor.saturating_mul(line.quantity.get().into()));
    let extras = charges.iter().map(|charge| charge.amount.minor);
    let total = gbp(goods.chain(extras).fold(0, i64::saturating_add));
    cart::CartCheckedOut { lines, charges, total, ..checked_out(1, vec![], vec![]) }
}

fn payment(random: &mut Random) -> Command {
    let purpose = ["authorize", "capture", "void", "refund"][random.below(4)];
    let (operation_id, amount) = (operation(1, purpose), amount(random));
    let (payment_id, order_id) = (payment_id(1), order_id(1));
    let command = match random.below(8) {
        0 => {
            let (token, skus): (_, Vec<Sku>) = ("tok".to_owned(), vec![sku("mug")]);
            let asked =
                payment::RequestAuthorization { payment_id, order_id, operation_id, amount, token, skus };
            P::RequestAuthorization(asked)
        }
        1 => P::RequestCapture(payment::RequestCapture { operation_id, amount }),
        2 => P::RequestVoid(payment::RequestVoid { payment_id, order_id, operation_id }),
        3 => P::RequestRefund(payment::RequestRefund { operation_id, amount }),
        _ => {
            let outcome = match random.below(6) {
                0..=1 => GatewayOutcome::Approved { reference: "ref".to_owned() },
                2 => GatewayOutcome::Declined { code: "no".to_owned() },
                3 => GatewayOutcome::ActionRequired { url: "https://bank.example".to_owned() },
                4 => GatewayOutcome::Unknown,
                _ => GatewayOutcome::NotSeen,
            };
            P::RecordOutcome(payment::RecordOutcome { operation_id, outcome })
        }
    };
    Command::Payment(payment_id, command)
}
