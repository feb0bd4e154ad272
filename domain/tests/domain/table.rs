//! Every state's answer to every command, as written down in `decisions.txt`. A new state or command shows up
//! there as lines nobody has read yet.

use crate::examples::{
    at, cart_id, cart_line, checked_out, context, gbp, new_line, operation, order_id, payment_id, place,
    pounds, return_id, shipment_id, sku, units,
};
use cqrs_es::Aggregate;
use daybook_domain::{
    AggregateState, Command, CreditId, LineId,
    cart::{self, CartCommand as C},
    inventory::{self, InventoryCommand as I},
    order::{self, LineQuantity, OrderCommand as O, ReturnCondition},
    payment::{self, GatewayOutcome, PaymentCommand as P},
    product::{self, ProductCommand as R, ProductStatus},
};

struct Decider {
    kind: &'static str,
    /// A state's name and the commands that lead there.
    states: Vec<(&'static str, Vec<Command>)>,
    commands: Vec<Command>,
}

fn products() -> Decider {
    let variant =
        product::Variant { sku: sku("mug"), options: Default::default(), prices: vec![], barcode: None };
    let spec = product::ProductSpec {
        title: "Mug".into(),
        description: String::new(),
        brand: None,
        category: vec![],
        attributes: Default::default(),
        media: vec![],
        variants: vec![variant],
        tax_class: None,
    };
    let product_id: daybook_domain::ProductId = "mug".parse().unwrap();
    let to = |command| Command::Product("mug".parse().unwrap(), command);
    let put = |status| {
        to(R::PutProduct(product::PutProduct { product_id: product_id.clone(), spec: spec.clone(), status }))
    };
    let change = product::SkuPrices { sku: sku("mug"), prices: vec![gbp(5)] };
    Decider {
        kind: "product",
        states: vec![
            ("absent", vec![]),
            ("draft", vec![put(ProductStatus::Draft)]),
            ("published", vec![put(ProductStatus::Published)]),
            ("archived", vec![put(ProductStatus::Archived)]),
        ],
        commands: vec![
            put(ProductStatus::Published),
            to(R::ChangePrices(product::ChangePrices { changes: vec![change] })),
            to(R::PublishProduct(product::PublishProduct {})),
            to(R::ArchiveProduct(product::ArchiveProduct {})),
        ],
    }
}

fn carts() -> Decider {
    let to = |command| Command::Cart(cart_id(1), command);
    let lines = vec![new_line("mug", 2, 500)];
    let create = to(C::CreateCart(cart::CreateCart {
        cart_id: cart_id(1),
        currency: pounds(),
        country: None,
        customer_id: None,
        lines: lines.clone(),
    }));
    let payment_token = "tok".to_owned();
    let check_out = to(C::CheckOutCart(cart::CheckOutCart {
        payment_token,
        offers: None,
        charges: vec![],
        reference: None,
        personal: None,
    }));
    let complete = to(C::CompleteCart(cart::CompleteCart { order_id: order_id(1) }));
    let abandon = |reason| to(C::AbandonCart(cart::AbandonCart { reason, unchanged_since: None }));
    let merge = to(C::MergeCart(cart::MergeCart { into: cart_id(2) }));
    let (discard, reject) = (cart::AbandonReason::Discarded, cart::AbandonReason::OrderRejected);
    let line_id = LineId(1);
    let offer = cart::CurrentOffer { sku: sku("mug"), unit_price: Some(gbp(600)) };
    let personal = daybook_domain::Personal { name: Some("Ada".into()), ..Default::default() };
    Decider {
        kind: "cart",
        states: vec![
            ("absent", vec![]),
            ("active", vec![create.clone()]),
            ("checking out", vec![create.clone(), check_out.clone()]),
            ("ordered", vec![create.clone(), check_out.clone(), complete.clone()]),
            ("merged", vec![create.clone(), merge.clone()]),
            ("abandoned", vec![create.clone(), abandon(discard)]),
        ],
        commands: vec![
            create,
            to(C::AddLines(cart::AddLines { lines })),
            to(C::ChangeLineQuantity(cart::ChangeLineQuantity { line_id, quantity: units(5) })),
            to(C::RemoveLine(cart::RemoveLine { line_id })),
            to(C::AssignCustomer(cart::AssignCustomer { customer_id: "ada".parse().unwrap() })),
            to(C::SetContact(cart::SetContact { country: None, personal })),
            to(C::RepriceCart(cart::RepriceCart { offers: vec![offer] })),
            check_out,
            complete,
            merge,
            abandon(discard),
            abandon(reject),
        ],
    }
}

fn orders() -> Decider {
    let to = |command| Command::Order(order_id(1), command);
    let checkout = checked_out(1, vec![cart_line(1, "mug", 2, 500)], vec![]);
    let place_it = to(O::PlaceOrder(order::PlaceOrder { checkout }));
    let allocation = order::Allocation { sku: sku("mug"), location: place("leeds"), quantity: units(2) };
    let allocate = to(O::AllocateOrder(order::AllocateOrder { allocations: vec![allocation] }));
    let confirm = to(O::ConfirmOrder(order::ConfirmOrder {}));
    let reject = to(O::RejectOrder(order::RejectOrder { reason: order::RejectReason::PaymentTimedOut {} }));
    let cancel = to(O::CancelOrder(order::CancelOrder { reason: "no".into() }));
    let one = LineQuantity { line_id: LineId(1), quantity: units(1) };
    let ship = |number, lines| {
        let shipment_id = shipment_id(number);
        to(O::ShipOrder(order::ShipOrder { shipment_id, lines, carrier: None, tracking: None }))
    };
    let deliver = to(O::DeliverOrder(order::DeliverOrder { lines: None }));
    let lines = vec![(one.clone(), ReturnCondition::Sellable)];
    let back = order::ReturnGoods { return_id: return_id(1), lines, reason: None, location: None };
    let credit = order::CreditOrder {
        credit_id: CreditId::new(uuid::Uuid::from_u128(1)),
        kind: order::ChargeKind::Discount,
        label: "sorry".into(),
        amount: gbp(1),
    };
    let confirmed = vec![place_it.clone(), allocate.clone(), confirm.clone()];
    let then = |steps: &[Command]| confirmed.iter().chain(steps).cloned().collect::<Vec<_>>();
    let some = ship(1, Some(vec![one]));
    Decider {
        kind: "order",
        states: vec![
            ("absent", vec![]),
            ("placed", vec![place_it.clone()]),
            ("allocated", vec![place_it.clone(), allocate.clone()]),
            ("confirmed", confirmed.clone()),
            ("partially shipped", then(std::slice::from_ref(&some))),
            ("completed", then(&[ship(1, None), deliver.clone()])),
            ("rejected", vec![place_it.clone(), reject.clone()]),
            ("cancelled", vec![place_it.clone(), cancel.clone()]),
        ],
        commands: vec![
            place_it,
            allocate,
            confirm,
            reject,
            cancel,
            ship(2, None),
            deliver,
            to(O::ReturnGoods(back)),
            to(O::CreditOrder(credit)),
        ],
    }
}

fn stock() -> Decider {
    let to = |command| Command::Inventory(sku("mug"), command);
    let (mug, leeds) = (sku("mug"), place("leeds"));
    let order_id = order_id(1);
    let receive = to(I::ReceiveStock(inventory::ReceiveStock {
        sku: mug.clone(),
        location: leeds.clone(),
        quantity: units(9),
        reference: None,
    }));
    let reserve = |until| {
        let quantity = units(4);
        to(I::ReserveStock(inventory::ReserveStock { sku: sku("mug"), order_id, quantity, until }))
    };
    let commit = to(I::CommitReservation(inventory::CommitReservation { order_id }));
    let (sku, location) = (mug, leeds);
    let reason = inventory::ReleaseReason::OrderCancelled;
    let policy = inventory::SetStockPolicy {
        sku: sku.clone(),
        location: location.clone(),
        safety_stock: 1,
        backorder_limit: 0,
    };
    let moved = inventory::TransferStock {
        sku: sku.clone(),
        from: location.clone(),
        to: place("york"),
        quantity: units(1),
    };
    let (shipment_id, return_id, quantity) = (shipment_id(1), return_id(1), units(4));
    let delta = inventory::AdjustStock {
        sku: sku.clone(),
        location: location.clone(),
        delta: -6,
        reason: "x".into(),
    };
    Decider {
        kind: "inventory",
        states: vec![
            ("nothing there", vec![]),
            ("free", vec![receive.clone()]),
            ("held", vec![receive.clone(), reserve(at(900))]),
            ("held until now", vec![receive.clone(), reserve(at(0))]),
            ("committed", vec![receive.clone(), reserve(at(900)), commit.clone()]),
        ],
        commands: vec![
            receive,
            to(I::AdjustStock(delta)),
            to(I::CountStock(inventory::CountStock {
                sku: sku.clone(),
                location: location.clone(),
                counted: 7,
            })),
            to(I::TransferStock(moved)),
            to(I::SetStockPolicy(policy)),
            reserve(at(900)),
            commit,
            to(I::ReleaseReservation(inventory::ReleaseReservation { order_id, reason })),
            to(I::ExpireReservations(inventory::ExpireReservations {})),
            to(I::ShipReserved(inventory::ShipReserved { order_id, shipment_id, quantity })),
            to(I::ReturnStock(inventory::ReturnStock { sku, order_id, return_id, location, quantity })),
        ],
    }
}

fn payments() -> Decider {
    let to = |command| Command::Payment(payment_id(1), command);
    let (payment_id, order_id) = (payment_id(1), order_id(1));
    let authorize = to(P::RequestAuthorization(payment::RequestAuthorization {
        payment_id,
        order_id,
        operation_id: operation(1, "authorize"),
        amount: gbp(100),
        token: "tok".into(),
        skus: vec![sku("mug")],
    }));
    let void =
        to(P::RequestVoid(payment::RequestVoid { payment_id, order_id, operation_id: operation(1, "void") }));
    let amount = gbp(60);
    let capture =
        to(P::RequestCapture(payment::RequestCapture { operation_id: operation(1, "capture"), amount }));
    let refund =
        to(P::RequestRefund(payment::RequestRefund { operation_id: operation(1, "refund"), amount }));
    let record = |purpose, outcome| {
        to(P::RecordOutcome(payment::RecordOutcome { operation_id: operation(1, purpose), outcome }))
    };
    let approved = || GatewayOutcome::Approved { reference: "ref".into() };
    let declined = || GatewayOutcome::Declined { code: "no".into() };
    let act = || GatewayOutcome::ActionRequired { url: "https://bank.example".into() };
    let granted = vec![authorize.clone(), record("authorize", approved())];
    let then = |steps: &[Command]| granted.iter().chain(steps).cloned().collect::<Vec<_>>();
    let captured = [capture.clone(), record("capture", approved())];
    Decider {
        kind: "payment",
        states: vec![
            ("absent", vec![]),
            ("called off", vec![void.clone()]),
            ("pending", vec![authorize.clone()]),
            ("unknown", vec![authorize.clone(), record("authorize", GatewayOutcome::Unknown)]),
            ("action required", vec![authorize.clone(), record("authorize", act())]),
            ("void deferred", vec![authorize.clone(), void.clone()]),
            ("authorized", granted.clone()),
            ("declined", vec![authorize.clone(), record("authorize", declined())]),
            ("voided", then(&[void.clone(), record("void", approved())])),
            ("partially captured", then(&captured)),
        ],
        commands: vec![
            authorize,
            capture,
            void,
            refund,
            record("authorize", approved()),
            record("authorize", declined()),
            record("authorize", act()),
            record("authorize", GatewayOutcome::Unknown),
            record("authorize", GatewayOutcome::NotSeen),
        ],
    }
}

fn reach(kind: &str, steps: &[Command]) -> AggregateState {
    let mut state = AggregateState::new(kind).unwrap();
    for step in steps {
        state.handle(step.clone(), &context()).expect("the state can be reached");
    }
    state
}

#[test]
fn every_state_answers_every_command_as_written_down() {
    let mut table = String::new();
    for Decider { kind, states, commands } in [products(), carts(), orders(), stock(), payments()] {
        for (name, steps) in states {
            table.push_str(&format!("{kind}, {name}\n"));
            for command in &commands {
                let mut state = reach(kind, &steps);
                let before = state.clone();
                let answer = match state.handle(command.clone(), &context()) {
                    Ok(events) if events.is_empty() => "nothing".to_owned(),
                    Ok(events) => events.iter().map(|event| event.type_name()).collect::<Vec<_>>().join(", "),
                    Err(rejection) => {
                        assert_eq!(state, before, "a refusal changed the state");
                        format!("no: {}", rejection.name())
                    }
                };
                table.push_str(&format!("    {:20} {answer}\n", command.name()));
            }
        }
    }
    let written = include_str!("decisions.txt");
    if table != written {
        let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/decisions.txt");
        std::fs::write(path, &table).unwrap();
        panic!("decisions differ from decisions.txt; read {path}, and copy it there if it is right");
    }
}

#[test]
fn a_state_is_stored_as_before_or_has_a_new_version() {
    let mut stored = String::new();
    for Decider { kind, states, .. } in [products(), carts(), orders(), stock(), payments()] {
        for (name, steps) in states {
            let state = reach(kind, &steps);
            let snapshot = String::from_utf8(state.to_snapshot()).unwrap();
            stored.push_str(&format!("{kind}, {name}, version {}\n    {snapshot}\n", state.state_version()));
        }
    }
    if stored != include_str!("snapshots.txt") {
        let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/snapshots.txt");
        std::fs::write(path, &stored).unwrap();
        panic!(
            "states are stored in another way than in snapshots.txt: raise STATE_VERSION, then copy {path} there"
        );
    }
}

/// What cqrs-es does with the same state, command and context.
fn by_cqrs_es<A: Aggregate<Services = daybook_domain::Context>>(
    mut state: A,
    command: A::Command,
) -> (A, Result<Vec<A::Event>, A::Error>) {
    let sink = cqrs_es::event_sink::EventSink::default();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let context = context();
    let handled = runtime.block_on(state.handle(command, &context, &sink));
    let events = runtime.block_on(sink.collect());
    (state, handled.map(|()| events))
}

#[test]
fn cqrs_es_decides_the_same_as_the_engines_shorter_way() {
    for Decider { kind, states, commands } in [products(), carts(), orders(), stock(), payments()] {
        for (name, steps) in states {
            for command in &commands {
                let state = reach(kind, &steps);
                let mut short = state.clone();
                let decided = short.handle(command.clone(), &context());
                macro_rules! compare {
                    ($kind:ident, $state:expr, $command:expr) => {{
                        let (after, long) = by_cqrs_es($state, $command);
                        let long = long.map(|events| events.into_iter().map(Into::into).collect::<Vec<_>>());
                        assert_eq!(decided, long.map_err(Into::into), "{kind}, {name}: {}", command.name());
                        assert_eq!(short, AggregateState::$kind(after), "{kind}, {name}: {}", command.name());
                    }};
                }
                match (state, command.clone()) {
                    (AggregateState::Product(state), Command::Product(_, c)) => compare!(Product, state, c),
                    (AggregateState::Cart(state), Command::Cart(_, c)) => compare!(Cart, state, c),
                    (AggregateState::Order(state), Command::Order(_, c)) => compare!(Order, state, c),
                    (AggregateState::Inventory(state), Command::Inventory(_, c)) => {
                        compare!(Inventory, state, c)
                    }
                    (AggregateState::Payment(state), Command::Payment(_, c)) => compare!(Payment, state, c),
                    (state, command) => panic!("{} is not for a {}", command.name(), state.aggregate()),
                }
            }
        }
    }
}
