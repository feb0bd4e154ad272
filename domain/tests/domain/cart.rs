//! Carts: lines, prices, checkout and the end.

use crate::samples::{cart_id, cart_line, checked_out, context, gbp, new_line, order_id, pounds, sku, units};
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use daybook_domain::{
    LineId,
    cart::{
        AbandonCart, AbandonReason, AddLines, Cart, CartAbandoned, CartCommand, CartContactSet, CartCreated,
        CartEvent, CartLineQuantityChanged, CartLineRemoved, CartLinesAdded, CartOrdered, CartRejection,
        ChangeLineQuantity, CheckOutCart, CheckoutBlocker, CompleteCart, CreateCart, CurrentOffer, MergeCart,
        NewLine, PriceChange, RemoveLine, SetContact,
    },
    order::{Charge, ChargeKind},
};

fn created() -> CartEvent {
    let (cart_id, currency) = (cart_id(1), pounds());
    CartEvent::CartCreated(CartCreated { cart_id, currency, country: None, customer_id: None })
}

fn two_lines() -> Vec<CartEvent> {
    let lines = vec![cart_line(1, "mug", 2, 500), cart_line(2, "lamp", 1, 2_000)];
    vec![created(), CartEvent::CartLinesAdded(CartLinesAdded { lines })]
}

fn checking_out() -> Vec<CartEvent> {
    let mut events = two_lines();
    events.push(CartEvent::CartCheckedOut(checked_out(1, vec![cart_line(1, "mug", 2, 500)], vec![])));
    events
}

fn add(lines: Vec<NewLine>) -> CartCommand {
    CartCommand::AddLines(AddLines { lines })
}

fn checkout() -> CheckOutCart {
    let payment_token = "tok_visa".to_owned();
    CheckOutCart { payment_token, offers: None, charges: vec![], reference: None, personal: None }
}

fn given(events: Vec<CartEvent>) -> AggregateTestExecutor<Cart> {
    TestFramework::with(context()).given(events)
}

#[test]
fn the_same_sku_at_the_same_price_adds_to_its_line_and_at_another_is_another_line() {
    let (line_id, quantity, previous) = (LineId(1), units(5), units(2));
    given(two_lines())
        .when(add(vec![new_line("mug", 1, 500), new_line("mug", 1, 450), new_line("mug", 2, 500)]))
        .then_expect_events(vec![
            CartEvent::CartLineQuantityChanged(CartLineQuantityChanged { line_id, quantity, previous }),
            CartEvent::CartLinesAdded(CartLinesAdded { lines: vec![cart_line(3, "mug", 1, 450)] }),
        ]);
}

#[test]
fn the_id_of_a_removed_line_is_never_used_again() {
    let mut events = two_lines();
    events.push(CartEvent::CartLineRemoved(CartLineRemoved { line_id: LineId(2) }));
    given(events).when(add(vec![new_line("rug", 1, 100)])).then_expect_events(vec![
        CartEvent::CartLinesAdded(CartLinesAdded { lines: vec![cart_line(3, "rug", 1, 100)] }),
    ]);
}

#[test]
fn a_cart_holds_2500_lines_and_not_one_more() {
    let lines: Vec<_> = (0..2_500).map(|n| new_line(&format!("sku-{n}"), 1, 10)).collect();
    let create =
        CreateCart { cart_id: cart_id(1), currency: pounds(), country: None, customer_id: None, lines };
    let events = given(vec![]).when(CartCommand::CreateCart(create)).inspect_result().unwrap();
    given(events.clone())
        .when(add(vec![new_line("one-more", 1, 10)]))
        .then_expect_error(CartRejection::TooManyLines { lines: 2_501, allowed: 2_500 });
    let more_of_one = given(events).when(add(vec![new_line("sku-7", 1, 10)])).inspect_result().unwrap();
    assert_eq!(more_of_one.len(), 1);
}

#[test]
fn a_cart_takes_10000_changes_and_can_then_still_be_paid_copied_and_thrown_away() {
    let mut events = two_lines();
    for change in 2..10_000 {
        let (line_id, quantity, previous) = (LineId(1), units(1 + change % 2), units(2 - change % 2));
        events.push(CartEvent::CartLineQuantityChanged(CartLineQuantityChanged {
            line_id,
            quantity,
            previous,
        }));
    }
    let refusal = CartRejection::TooManyChanges { changes: 10_000, allowed: 10_000 };
    let remove = CartCommand::RemoveLine(RemoveLine { line_id: LineId(2) });
    let contact = SetContact { country: Some("GB".parse().unwrap()), personal: Default::default() };
    for change in [add(vec![new_line("rug", 1, 10)]), remove, CartCommand::SetContact(contact)] {
        given(events.clone()).when(change).then_expect_error(refusal.clone());
    }
    let last = events.pop().unwrap();
    assert_eq!(
        given(events.clone()).when(add(vec![new_line("rug", 1, 10)])).inspect_result().unwrap().len(),
        1
    );
    events.push(last);
    let out = given(events.clone()).when(CartCommand::CheckOutCart(checkout())).inspect_result().unwrap();
    assert_eq!(out.len(), 1);
    let discard = AbandonCart { reason: AbandonReason::Discarded, unchanged_since: None };
    assert_eq!(given(events).when(CartCommand::AbandonCart(discard)).inspect_result().unwrap().len(), 1);
}

#[test]
fn a_sku_has_at_most_999999_units_over_all_its_lines() {
    let refusal = CartRejection::TooMany { sku: sku("mug"), quantity: 1_000_001 };
    given(two_lines()).when(add(vec![new_line("mug", 999_999, 1)])).then_expect_error(refusal.clone());
    let spread: Vec<_> = (0..9).map(|price| new_line("mug", 111_111, price)).collect();
    given(two_lines()).when(add(spread)).then_expect_error(refusal);
    let change = ChangeLineQuantity { line_id: LineId(1), quantity: units(999_999) };
    given(two_lines()).when(CartCommand::ChangeLineQuantity(change)).inspect_result().unwrap();
}

#[test]
fn prices_are_in_the_carts_currency_and_not_negative() {
    let mut line = new_line("mug", 1, 500);
    line.unit_price.currency = "EUR".parse().unwrap();
    let (offered, expected) = (line.unit_price.currency, pounds());
    given(two_lines()).when(add(vec![line])).then_expect_error(CartRejection::ForeignCurrency {
        sku: sku("mug"),
        offered,
        expected,
    });
    given(two_lines())
        .when(add(vec![new_line("mug", 1, -1)]))
        .then_expect_error(CartRejection::NegativePrice { sku: sku("mug") });
}

#[test]
fn a_checkout_carries_all_that_the_order_needs() {
    let charges = vec![Charge { kind: ChargeKind::Shipping, label: "Carriage".into(), amount: gbp(495) }];
    let lines = vec![cart_line(1, "mug", 2, 500), cart_line(2, "lamp", 1, 2_000)];
    let expected = checked_out(1, lines, charges.clone());
    assert_eq!(expected.total, gbp(3_495));
    given(two_lines())
        .when(CartCommand::CheckOutCart(CheckOutCart { charges, ..checkout() }))
        .then_expect_events(vec![CartEvent::CartCheckedOut(expected)]);
}

#[test]
fn a_checkout_names_everything_that_blocks_it_at_once() {
    let offers = Some(vec![CurrentOffer { sku: sku("mug"), unit_price: Some(gbp(550)) }]);
    let charges = vec![Charge { kind: ChargeKind::Discount, label: "Too much".into(), amount: gbp(-3_001) }];
    let change = PriceChange { line_id: LineId(1), sku: sku("mug"), in_cart: gbp(500), now: Some(gbp(550)) };
    let blockers = vec![
        CheckoutBlocker::PriceChanged { change },
        CheckoutBlocker::NotForSale { line_id: LineId(2), sku: sku("lamp") },
        CheckoutBlocker::NegativeTotal { total: gbp(-1) },
    ];
    given(two_lines())
        .when(CartCommand::CheckOutCart(CheckOutCart { offers, charges, ..checkout() }))
        .then_expect_error(CartRejection::CheckoutBlocked { blockers });
    given(vec![created()])
        .when(CartCommand::CheckOutCart(checkout()))
        .then_expect_error(CartRejection::CheckoutBlocked { blockers: vec![CheckoutBlocker::NoLines] });
}

#[test]
fn card_numbers_are_refused_wherever_they_are_written() {
    let payment_token = "4242 4242 4242 4242".to_owned();
    given(two_lines())
        .when(CartCommand::CheckOutCart(CheckOutCart { payment_token, ..checkout() }))
        .then_expect_error(CartRejection::CardNumberRefused {});
    let reference = Some("paid with 4242424242424242".to_owned());
    match given(two_lines())
        .when(CartCommand::CheckOutCart(CheckOutCart { reference, ..checkout() }))
        .inspect_result()
    {
        Err(CartRejection::InvalidCart { field, detail }) => {
            assert_eq!(field, "/reference");
            assert!(!detail.contains("4242"), "the refusal repeats the number");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_cart_on_its_way_to_an_order_is_closed_and_says_which_order() {
    let closed = CartRejection::CartNotActive { state: "checking_out".into(), order_id: Some(order_id(1)) };
    for command in [
        add(vec![new_line("mug", 1, 500)]),
        CartCommand::RemoveLine(RemoveLine { line_id: LineId(1) }),
        CartCommand::CheckOutCart(checkout()),
        CartCommand::MergeCart(MergeCart { into: cart_id(2) }),
    ] {
        given(checking_out()).when(command).then_expect_error(closed.clone());
    }
}

#[test]
fn a_cart_is_ordered_once_however_often_it_is_told() {
    let complete = |number| CartCommand::CompleteCart(CompleteCart { order_id: order_id(number) });
    let ordered = CartEvent::CartOrdered(CartOrdered { order_id: order_id(1) });
    given(checking_out()).when(complete(1)).then_expect_events(vec![ordered.clone()]);
    given(checking_out()).and(vec![ordered]).when(complete(1)).then_expect_events(vec![]);
    given(checking_out())
        .when(complete(2))
        .then_expect_error(CartRejection::OrderIsNotThisCarts { order_id: order_id(2) });
}

#[test]
fn an_idle_cart_is_abandoned_only_if_nothing_happened_since() {
    let abandon = |unchanged_since| {
        CartCommand::AbandonCart(AbandonCart { reason: AbandonReason::Inactive, unchanged_since })
    };
    let changed = CartRejection::CartHasChanged { version: 2, unchanged_since: 1 };
    given(two_lines()).when(abandon(Some(1))).then_expect_error(changed);
    let abandoned = CartEvent::CartAbandoned(CartAbandoned { reason: AbandonReason::Inactive });
    given(two_lines()).when(abandon(Some(2))).then_expect_events(vec![abandoned.clone()]);
    given(two_lines()).and(vec![abandoned]).when(abandon(Some(1))).then_expect_events(vec![]);
}

#[test]
fn a_contact_without_a_country_leaves_the_country_as_it_was() {
    let country = Some("GB".parse().unwrap());
    let created = CartCreated { cart_id: cart_id(1), currency: pounds(), country, customer_id: None };
    let personal = daybook_domain::Personal { name: Some("Ada".into()), ..Default::default() };
    let set = CartContactSet { country, personal: personal.clone() };
    let contact = || CartCommand::SetContact(SetContact { country: None, personal: personal.clone() });
    given(vec![CartEvent::CartCreated(created.clone())])
        .when(contact())
        .then_expect_events(vec![CartEvent::CartContactSet(set.clone())]);
    given(vec![CartEvent::CartCreated(created), CartEvent::CartContactSet(set)])
        .when(contact())
        .then_expect_events(vec![]);
}
