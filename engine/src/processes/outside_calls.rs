//! Calls to the payment gateway, and finding out what became of those that did not answer.
//!
//! Each answer is recorded on the payment by a command whose id follows from the kind of answer, so that
//! another answer to the same question (unknown first, approved later) is another command.

use super::{
    reaction::Stage,
    runner::{Called, Runner},
};
use daybook_domain::{
    Command,
    payment::{GatewayOutcome, GatewayRequest, PaymentCommand, RecordOutcome},
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// A question to the gateway, until it is answered.
pub(super) struct Ask {
    request: GatewayRequest,
    /// Whether to go on asking while the answer is not final.
    until_known: bool,
    /// Whether the call may have been made before, so that its status comes first.
    status_first: bool,
    answer: Option<GatewayOutcome>,
    pauses: u32,
}

impl Ask {
    /// Makes the call; or, if it may have been made before a crash, asks for its status first.
    pub(super) const fn once(request: GatewayRequest, recovering: bool) -> Self {
        Self { request, until_known: false, status_first: recovering, answer: None, pauses: 0 }
    }

    /// Asks until the answer is final.
    pub(super) const fn until_known(request: GatewayRequest) -> Self {
        Self { request, until_known: true, status_first: true, answer: None, pauses: 0 }
    }
}

impl Runner {
    /// Asks the gateway; the answer comes to [`Runner::gateway_answered`].
    pub(super) fn ask(&mut self, slot: u32) {
        let epoch = self.slots.epoch(slot);
        let Some(reaction) = self.slots.get(slot, epoch) else { return };
        let Stage::Gateway(ask) = &mut reaction.stage else { return };
        let (request, status_first) = (ask.request.clone(), ask.status_first);
        // From now on the call may have been made.
        ask.status_first = true;
        let gateway = Arc::clone(&self.shared.options.gateway);
        let limit = self.shared.options.gateway_timeout;
        let begun = Instant::now();
        self.calls.push(Box::pin(async move {
            let asking = async {
                if status_first {
                    match gateway.status(&request).await {
                        GatewayOutcome::NotSeen => gateway.call(&request).await,
                        known => known,
                    }
                } else {
                    gateway.call(&request).await
                }
            };
            let answer = timeout(limit, asking).await.unwrap_or(GatewayOutcome::Unknown);
            Called { slot, epoch, answer, took: begun.elapsed() }
        }));
    }

    /// Records what the gateway answered.
    pub(super) fn gateway_answered(&mut self, called: Called) {
        let Called { slot, epoch, answer, took } = called;
        self.meters.gateway_call(took);
        let Some(reaction) = self.slots.get(slot, epoch) else { return };
        let Stage::Gateway(ask) = &mut reaction.stage else { return };
        // Asked again it would have been made: an answer that makes no sense is no answer.
        let answer = if answer == GatewayOutcome::NotSeen { GatewayOutcome::Unknown } else { answer };
        let number = match &answer {
            GatewayOutcome::Approved { .. } => 0,
            GatewayOutcome::Declined { .. } => 1,
            GatewayOutcome::ActionRequired { .. } => 2,
            GatewayOutcome::Unknown | GatewayOutcome::NotSeen => 3,
        };
        let record = RecordOutcome { operation_id: ask.request.operation_id, outcome: answer.clone() };
        let command = Command::Payment(ask.request.payment_id, PaymentCommand::RecordOutcome(record));
        ask.answer = Some(answer);
        reaction.expect_one();
        self.send(slot, 0, number, command);
    }

    /// The payment took the answer, or did not want it.
    pub(super) fn gateway_answer_recorded(&mut self, slot: u32, recorded: bool) {
        let epoch = self.slots.epoch(slot);
        let Some(reaction) = self.slots.get(slot, epoch) else { return };
        let Stage::Gateway(ask) = &mut reaction.stage else { return };
        let open =
            matches!(ask.answer, Some(GatewayOutcome::Unknown | GatewayOutcome::ActionRequired { .. }));
        if !(recorded && open && ask.until_known) {
            return self.finish(slot);
        }
        let pause = MAX_PAUSE.min(FIRST_PAUSE * 2_u32.saturating_pow(ask.pauses.min(16)));
        ask.pauses = ask.pauses.saturating_add(1);
        self.wake_later(slot, epoch, pause);
    }
}
