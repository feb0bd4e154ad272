//! A cart that is accepted fits into the events of its order, however large it is.

use crate::{
    samples::Random,
    samples::{cart_id, context, gbp, new_line, order_id, place, pounds, units},
};
use daybook_domain::{
    AggregateState, Command, Event, Personal, Rejection,
    cart::{CartCommand, CartEvent, CartRejection, CheckOutCart, CreateCart, MAX_LINES, NewLine},
    order::{AllocateOrder, Allocation, Charge, ChargeKind, OrderCommand, PlaceOrder},
};

/// No log takes a longer event.
const LONGEST_EVENT: usize = 4 << 20;

/// Two thousand lines and more with long titles, the most charges and long personal data.
fn large_cart(random: &mut Random) -> (Vec<NewLine>, CheckOutCart) {
    let letter = ["a", "\"", "é", "😀", "😀"][random.below(5)];
    let most = 500 / letter.chars().count();
    let chars = [most, random.below(most) + 1][random.below(2)];
    let count = MAX_LINES - [0, random.below(500)][random.below(2)];
    let title = format!("x{}", letter.repeat(chars.saturating_sub(1)));
    let line =
        |n: usize| NewLine { title: title.clone(), ..new_line(&format!("{n:0>64}"), 999_999, 999_999) };
    let text = "😀".repeat(200);
    let charge = |_| Charge { kind: ChargeKind::Manual, label: text.clone(), amount: gbp(-1_000_000) };
    let checkout = CheckOutCart {
        payment_token: "t".repeat(500),
        offers: None,
        charges: (0..100).map(charge).collect(),
        reference: Some(text.clone()),
        personal: Some(Personal {
            name: Some(text.clone()),
            email: Some(text.clone()),
            ..Personal::default()
        }),
    };
    ((0..count).map(line).collect(), checkout)
}

#[test]
fn a_cart_that_is_accepted_fits_into_the_events_of_its_order() {
    let (mut accepted, mut refused) = (0, 0);
    for seed in 0..40 {
        let (lines, checkout) = large_cart(&mut Random::new(seed));
        let skus: Vec<_> = lines.iter().map(|line| line.sku.clone()).collect();
        let mut cart = AggregateState::new("cart").unwrap();
        let create =
            CreateCart { cart_id: cart_id(1), currency: pounds(), country: None, customer_id: None, lines };
        let create = Command::Cart(cart_id(1), CartCommand::CreateCart(create));
        cart.handle(create, &context()).expect("no more lines than are allowed");
        let check_out = Command::Cart(cart_id(1), CartCommand::CheckOutCart(checkout));
        let checkout = match cart.handle(check_out, &context()) {
            Ok(events) => match events.into_iter().next() {
                Some(Event::Cart(CartEvent::CartCheckedOut(checkout))) => checkout,
                other => panic!("{other:?}"),
            },
            Err(Rejection::Cart(CartRejection::InvalidCart { field, .. })) if field == "/lines" => {
                refused += 1;
                continue;
            }
            Err(other) => panic!("{other:?}"),
        };
        accepted += 1;
        let mut order = AggregateState::new("order").unwrap();
        let allocation = |sku| Allocation { sku, location: place(&"l".repeat(40)), quantity: units(999_999) };
        let allocations = skus.into_iter().map(allocation).collect();
        for command in [
            OrderCommand::PlaceOrder(PlaceOrder { checkout }),
            OrderCommand::AllocateOrder(AllocateOrder { allocations }),
        ] {
            let events = order.handle(Command::Order(order_id(1), command), &context()).expect("an order");
            for event in events {
                let length = event.encode().len();
                assert!(length <= LONGEST_EVENT, "seed {seed}: {} has {length} bytes", event.type_name());
            }
        }
    }
    assert!(accepted > 2 && refused > 2, "{accepted} accepted, {refused} refused");
}
