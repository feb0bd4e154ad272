//! Payments: what is asked of the gateway, what it answers, and what waits for an answer.

use crate::samples::{context, gbp, operation, order_id, payment_id, sku};
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use daybook_domain::{
    Decider as _, EventSet as _, OperationId,
    payment::{
        GatewayOutcome, Payment, PaymentCancelled, PaymentCommand, PaymentEvent, PaymentRejection,
        PaymentStatus, RecordOutcome, RequestAuthorization, RequestCapture, RequestRefund, RequestVoid,
        RetryOperation,
    },
};

fn authorize(minor: i64) -> PaymentCommand {
    PaymentCommand::RequestAuthorization(RequestAuthorization {
        payment_id: payment_id(1),
        order_id: order_id(1),
        operation_id: operation(1, "authorize"),
        amount: gbp(minor),
        token: "tok_visa".into(),
        skus: vec![sku("mug")],
    })
}

fn capture(purpose: &str, minor: i64) -> PaymentCommand {
    PaymentCommand::RequestCapture(RequestCapture { operation_id: operation(1, purpose), amount: gbp(minor) })
}

fn refund(purpose: &str, minor: i64) -> PaymentCommand {
    PaymentCommand::RequestRefund(RequestRefund { operation_id: operation(1, purpose), amount: gbp(minor) })
}

fn void() -> PaymentCommand {
    let (payment_id, order_id, operation_id) = (payment_id(1), order_id(1), operation(1, "void"));
    PaymentCommand::RequestVoid(RequestVoid { payment_id, order_id, operation_id })
}

fn record(purpose: &str, outcome: GatewayOutcome) -> PaymentCommand {
    PaymentCommand::RecordOutcome(RecordOutcome { operation_id: operation(1, purpose), outcome })
}

fn approve(purpose: &str) -> PaymentCommand {
    record(purpose, GatewayOutcome::Approved { reference: "ref".into() })
}

fn decline(purpose: &str) -> PaymentCommand {
    record(purpose, GatewayOutcome::Declined { code: "insufficient_funds".into() })
}

fn act(purpose: &str) -> PaymentCommand {
    record(purpose, GatewayOutcome::ActionRequired { url: "https://bank.example".into() })
}

fn given(events: Vec<PaymentEvent>) -> AggregateTestExecutor<Payment> {
    TestFramework::with(context()).given(events)
}

fn after(commands: impl IntoIterator<Item = PaymentCommand>) -> Vec<PaymentEvent> {
    let mut events = Vec::new();
    for command in commands {
        events.extend(given(events.clone()).when(command).inspect_result().expect("accepted"));
    }
    events
}

fn story(commands: impl IntoIterator<Item = PaymentCommand>) -> Vec<&'static str> {
    after(commands).iter().map(|event| event.kind().name).collect()
}

fn status(commands: impl IntoIterator<Item = PaymentCommand>) -> Option<PaymentStatus> {
    let mut payment = Payment::default();
    after(commands).iter().for_each(|event| payment.evolve(event));
    payment.status()
}

#[test]
fn a_payment_goes_from_authorized_over_captured_to_refunded() {
    let steps = || {
        [
            authorize(100),
            approve("authorize"),
            capture("one", 60),
            approve("one"),
            capture("two", 40),
            approve("two"),
            refund("back", 30),
            approve("back"),
            refund("rest", 70),
            approve("rest"),
        ]
    };
    use PaymentStatus as S;
    for (count, expected) in [
        (1, S::Pending),
        (2, S::Authorized),
        (4, S::PartiallyCaptured),
        (6, S::Captured),
        (8, S::PartiallyRefunded),
        (10, S::Refunded),
    ] {
        assert_eq!(status(steps().into_iter().take(count)), Some(expected), "after {count} steps");
    }
}

#[test]
fn an_outcome_is_recorded_once() {
    let authorized = after([authorize(100), approve("authorize")]);
    given(authorized.clone()).when(approve("authorize")).then_expect_events(vec![]);
    given(authorized.clone()).when(decline("authorize")).then_expect_events(vec![]);
    let operation_id: OperationId = operation(1, "other");
    given(authorized)
        .when(approve("other"))
        .then_expect_error(PaymentRejection::UnknownOperation { operation_id });
}

#[test]
fn an_unknown_outcome_is_recorded_once_and_then_resolved() {
    let unknown = || record("authorize", GatewayOutcome::Unknown);
    let not_seen = || record("authorize", GatewayOutcome::NotSeen);
    assert_eq!(
        story([authorize(100), unknown(), unknown(), not_seen(), approve("authorize")]),
        ["AuthorizationRequested", "PaymentOutcomeUnknown", "PaymentAuthorized"],
    );
    assert_eq!(status([authorize(100), unknown()]), Some(PaymentStatus::Unknown));
}

#[test]
fn whoever_asks_about_what_is_settled_is_told_to_stop() {
    let operation_id = operation(1, "authorize");
    given(after([authorize(100), act("authorize"), void(), approve("void")]))
        .when(act("authorize"))
        .then_expect_error(PaymentRejection::UnknownOperation { operation_id });
}

#[test]
fn nothing_to_pay_is_authorized_at_once_and_never_captured() {
    assert_eq!(
        story([authorize(0), capture("one", 0), refund("back", 0), void()]),
        ["AuthorizationRequested", "PaymentAuthorized", "PaymentVoided"],
    );
}

#[test]
fn no_more_is_captured_than_authorized_counting_what_is_under_way() {
    let steps = after([authorize(100), approve("authorize"), capture("one", 60)]);
    let refusal = PaymentRejection::MoreThanPossible { requested: gbp(41), possible: gbp(40) };
    given(steps.clone()).when(capture("two", 41)).then_expect_error(refusal);
    given(steps).when(capture("one", 60)).then_expect_events(vec![]);
}

#[test]
fn a_failed_capture_can_be_asked_for_again_under_another_id() {
    assert_eq!(
        story([
            authorize(9),
            approve("authorize"),
            capture("a", 9),
            decline("a"),
            capture("b", 9),
            approve("b")
        ])[3..],
        ["CaptureFailed", "CaptureRequested", "PaymentCaptured"],
    );
}

#[test]
fn a_refund_before_its_capture_waits_for_it_and_never_exceeds_it() {
    let waiting = || [authorize(100), approve("authorize"), capture("one", 60), refund("back", 50)];
    assert_eq!(
        story(waiting().into_iter().chain([approve("one")]))[3..],
        ["RefundDeferred", "PaymentCaptured", "RefundRequested"],
    );
    let refusal = PaymentRejection::MoreThanPossible { requested: gbp(51), possible: gbp(50) };
    given(after(waiting())).when(refund("more", 51)).then_expect_error(refusal);
    given(after(waiting())).when(refund("back", 50)).then_expect_events(vec![]);
}

#[test]
fn a_void_that_overtakes_the_authorization_waits_for_it() {
    assert_eq!(
        story([authorize(100), void(), void(), approve("authorize"), approve("void")])[1..],
        ["VoidDeferred", "PaymentAuthorized", "VoidRequested", "PaymentVoided"],
    );
    assert_eq!(
        story([authorize(100), void(), decline("authorize")])[1..],
        ["VoidDeferred", "PaymentDeclined"]
    );
    assert_eq!(
        story([authorize(100), void(), act("authorize")])[1..],
        ["VoidDeferred", "PaymentActionRequired", "VoidRequested"],
    );
}

#[test]
fn a_void_that_overtakes_the_request_prevents_it() {
    let cancelled = PaymentCancelled { payment_id: payment_id(1), order_id: order_id(1) };
    given(vec![]).when(void()).then_expect_events(vec![PaymentEvent::PaymentCancelled(cancelled.clone())]);
    given(vec![PaymentEvent::PaymentCancelled(cancelled)])
        .when(authorize(100))
        .then_expect_error(PaymentRejection::PaymentInWrongState { state: "called off".into() });
}

#[test]
fn a_void_lets_go_of_what_is_not_captured_and_of_nothing_else() {
    assert_eq!(
        status([authorize(9), approve("authorize"), void(), approve("void")]),
        Some(PaymentStatus::Voided)
    );
    let partly = [authorize(9), approve("authorize"), capture("a", 4), approve("a"), void(), approve("void")];
    assert_eq!(status(partly), Some(PaymentStatus::Captured));
    let captured = after([authorize(9), approve("authorize"), capture("a", 9), approve("a")]);
    given(captured).when(void()).then_expect_events(vec![]);
}

#[test]
fn a_void_the_gateway_refuses_is_shown_and_tried_again_when_the_money_comes_after_all() {
    assert_eq!(
        status([authorize(9), approve("authorize"), void(), decline("void")]),
        Some(PaymentStatus::Failed),
    );
    assert_eq!(
        story([authorize(9), act("authorize"), void(), decline("void"), approve("authorize")])[2..],
        ["VoidRequested", "VoidFailed", "PaymentAuthorized", "VoidRequested"],
    );
}

/// The n-th repetition of an operation that was refused; the 0th is the operation itself.
fn repetition(purpose: &str, n: u32) -> OperationId {
    let first = operation(1, purpose);
    if n == 0 { first } else { payment_id(1).operation_id(&format!("{}:r{n}", first.uuid())) }
}

fn retry(operation_id: OperationId, is_time: bool) -> PaymentCommand {
    PaymentCommand::RetryOperation(RetryOperation { operation_id, is_time })
}

#[test]
fn what_the_gateway_refuses_is_asked_for_again_on_a_schedule_and_then_when_somebody_says_so() {
    for (purpose, asked, events) in [
        ("one", capture("one", 60), ["CaptureRequested", "CaptureFailed"]),
        ("void", void(), ["VoidRequested", "VoidFailed"]),
        ("back", refund("back", 30), ["RefundRequested", "RefundFailed"]),
    ] {
        let mut commands = vec![authorize(100), approve("authorize")];
        if purpose == "back" {
            commands.extend([capture("all", 100), approve("all")]);
        }
        commands.push(asked);
        for (n, hours) in (0..).zip([Some(1), Some(6), Some(24), Some(72), None]) {
            let operation_id = repetition(purpose, n);
            let outcome = GatewayOutcome::Declined { code: "try_again_later".into() };
            commands.push(PaymentCommand::RecordOutcome(RecordOutcome { operation_id, outcome }));
            let refusal = match hours {
                Some(hours) => PaymentRejection::RetryNotDue { after_seconds: hours * 3_600 },
                None => PaymentRejection::RetriesExhausted { operation_id },
            };
            let so_far = after(commands.clone());
            assert_eq!(so_far.last().map(|event| event.kind().name), Some(events[1]));
            given(so_far).when(retry(operation_id, false)).then_expect_error(refusal);
            commands.push(retry(operation_id, true));
            assert_eq!(story(commands.clone()).last(), Some(&events[0]), "{purpose} {n}");
            given(after(commands.clone())).when(retry(operation_id, true)).then_expect_events(vec![]);
        }
        let operation_id = repetition(purpose, 5);
        let outcome = GatewayOutcome::Approved { reference: "ref".into() };
        commands.push(PaymentCommand::RecordOutcome(RecordOutcome { operation_id, outcome }));
        given(after(commands)).when(retry(operation_id, true)).then_expect_events(vec![]);
    }
    let unknown = PaymentRejection::UnknownOperation { operation_id: operation(1, "never") };
    given(after([authorize(100)])).when(retry(operation(1, "never"), true)).then_expect_error(unknown);
}

#[test]
fn a_refused_capture_is_not_asked_for_again_when_its_money_is_gone() {
    let gone = after([
        authorize(100),
        approve("authorize"),
        capture("one", 60),
        decline("one"),
        capture("two", 100),
        approve("two"),
    ]);
    let refusal = PaymentRejection::MoreThanPossible { requested: gbp(60), possible: gbp(0) };
    given(gone).when(retry(operation(1, "one"), true)).then_expect_error(refusal);
}
