//! Samples of carts: states, commands, a full payload of every event, and any commands for random tests.

use super::*;
use crate::samples::*;
use crate::{CartId, LineId, Personal};

impl Sampled for Cart {
    fn sample_id() -> CartId {
        cart_id(1)
    }

    fn samples() -> Samples<Self> {
        use CartCommand as C;
        let lines = vec![new_line("mug", 2, 500)];
        let create = C::CreateCart(CreateCart {
            cart_id: cart_id(1),
            currency: pounds(),
            country: None,
            customer_id: None,
            lines: lines.clone(),
        });
        let payment_token = "tok".to_owned();
        let check_out = C::CheckOutCart(CheckOutCart {
            payment_token,
            offers: None,
            charges: vec![],
            reference: None,
            personal: None,
        });
        let complete = C::CompleteCart(CompleteCart { order_id: order_id(1) });
        let abandon = |reason| C::AbandonCart(AbandonCart { reason, unchanged_since: None });
        let merge = C::MergeCart(MergeCart { into: cart_id(2) });
        let (discard, reject) = (AbandonReason::Discarded, AbandonReason::OrderRejected);
        let line_id = LineId(1);
        let offer = CurrentOffer { sku: sku("mug"), unit_price: Some(gbp(600)) };
        let personal = Personal { name: Some("Ada".into()), ..Default::default() };
        let states: Vec<(_, Vec<C>)> = vec![
            ("absent", vec![]),
            ("active", vec![create.clone()]),
            ("checking out", vec![create.clone(), check_out.clone()]),
            ("ordered", vec![create.clone(), check_out.clone(), complete.clone()]),
            ("merged", vec![create.clone(), merge.clone()]),
            ("abandoned", vec![create.clone(), abandon(discard)]),
        ];
        Samples {
            states: states.into_iter().map(|(name, steps)| (name, decided::<Self>(&steps))).collect(),
            commands: vec![
                create,
                C::AddLines(AddLines { lines }),
                C::ChangeLineQuantity(ChangeLineQuantity { line_id, quantity: units(5) }),
                C::RemoveLine(RemoveLine { line_id }),
                C::AssignCustomer(AssignCustomer { customer_id: parsed("ada") }),
                C::SetContact(SetContact { country: None, personal }),
                C::RepriceCart(RepriceCart { offers: vec![offer] }),
                check_out,
                complete,
                merge,
                abandon(discard),
                abandon(reject),
            ],
            events: events(),
        }
    }

    fn any_command(random: &mut Random) -> CartCommand {
        use CartCommand as C;
        let line_id = LineId(random.units(0, 4));
        let (quantity, lines) = (random.quantity(), random.several(any_new_line));
        match random.below(12) {
            0 => C::CreateCart(CreateCart {
                cart_id: cart_id(1),
                currency: pounds(),
                country: None,
                customer_id: random.perhaps(|_| parsed("ada")),
                lines,
            }),
            1..=2 => C::AddLines(AddLines { lines }),
            3 => C::ChangeLineQuantity(ChangeLineQuantity { line_id, quantity }),
            4 => C::RemoveLine(RemoveLine { line_id }),
            5 => C::AssignCustomer(AssignCustomer { customer_id: parsed(random.name()) }),
            6 => C::SetContact(SetContact { country: None, personal: Default::default() }),
            7 => C::RepriceCart(RepriceCart { offers: random.several(offer) }),
            8 => C::CheckOutCart(CheckOutCart {
                payment_token: "tok".to_owned(),
                offers: random.perhaps(|random| random.several(offer)),
                charges: random.several(any_charge),
                reference: None,
                personal: None,
            }),
            9 => C::CompleteCart(CompleteCart { order_id: order_id(random.few()) }),
            10 => C::MergeCart(MergeCart { into: cart_id(random.few()) }),
            _ => C::AbandonCart(AbandonCart {
                reason: AbandonReason::OrderRejected,
                unchanged_since: random.perhaps(|random| random.units(0, 9).into()),
            }),
        }
    }
}

/// Every event with all the fields it can have.
fn events() -> Vec<CartEvent> {
    vec![
        CartEvent::CartCreated(CartCreated {
            cart_id: parsed(CART),
            currency: parsed("GBP"),
            country: Some(parsed("GB")),
            customer_id: Some(parsed("17850")),
        }),
        CartEvent::CartLinesAdded(CartLinesAdded { lines: vec![line()] }),
        CartEvent::CartLineQuantityChanged(CartLineQuantityChanged {
            line_id: LineId(1),
            quantity: units(2),
            previous: units(2),
        }),
        CartEvent::CartLineRemoved(CartLineRemoved { line_id: LineId(1) }),
        CartEvent::CartAssigned(CartAssigned { customer_id: parsed("17850") }),
        CartEvent::CartContactSet(CartContactSet { country: Some(parsed("GB")), personal: ada() }),
        CartEvent::CartRepriced(CartRepriced {
            lines: vec![LineReprice { line_id: LineId(1), unit_price: gbp(1_299), previous: gbp(2_598) }],
        }),
        CartEvent::CartCheckedOut(CartCheckedOut {
            cart_id: parsed(CART),
            order_id: parsed(ORDER),
            currency: parsed("GBP"),
            country: Some(parsed("GB")),
            customer_id: Some(parsed("17850")),
            lines: vec![line()],
            charges: vec![postage()],
            total: gbp(2_993),
            payment_token: "tok_visa".to_owned(),
            reference: Some("PO-2041".to_owned()),
            personal: ada(),
        }),
        CartEvent::CartOrdered(CartOrdered { order_id: parsed(ORDER) }),
        CartEvent::CartMerged(CartMerged {
            cart_id: parsed(CART),
            into: parsed(OTHER_CART),
            lines: vec![line()],
        }),
        CartEvent::CartAbandoned(CartAbandoned { reason: AbandonReason::Inactive }),
    ]
}

fn line() -> CartLine {
    CartLine {
        line_id: LineId(1),
        sku: parsed("MUG-RED"),
        product_id: parsed("mug"),
        title: "Enamel mug".to_owned(),
        quantity: units(2),
        unit_price: gbp(1_299),
    }
}

fn offer(random: &mut Random) -> CurrentOffer {
    CurrentOffer { sku: sku(random.name()), unit_price: random.perhaps(Random::amount) }
}
