//! Where a payment stands, as its own view and its order's show it.

use daybook_domain::{Money, MoneyError, payment::PaymentEvent};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The state of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum PaymentState {
    /// The gateway has not been asked, or has not answered.
    #[default]
    Pending,
    /// The customer has to do something at `action_url` first.
    ActionRequired,
    /// The gateway did not answer in time; it is being asked what became of it.
    Unknown,
    Authorized,
    PartiallyCaptured,
    Captured,
    PartiallyRefunded,
    Refunded,
    Declined,
    Voided,
    /// The gateway would not let go of the money; somebody has to look.
    Failed,
    /// Called off before the gateway was asked.
    CalledOff,
}

/// State and amounts of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct PaymentSummary {
    pub state: PaymentState,
    /// What the gateway set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorized: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured: Option<Money>,
    /// What was set aside and let go again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voided: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refunded: Option<Money>,
    /// Where the customer has to do something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_url: Option<String>,
    /// Why the gateway said no, normalised, for example `insufficient_funds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decline_code: Option<String>,
    /// The gateway would not let go of what it set aside.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub void_failed: bool,
}

impl PaymentSummary {
    /// Takes over what happened to the payment.
    pub(crate) fn apply(&mut self, event: &PaymentEvent) -> Result<(), MoneyError> {
        use PaymentEvent as E;
        match event {
            E::PaymentAuthorized(authorized) => {
                self.authorized = Some(authorized.amount);
                self.action_url = None;
            }
            E::PaymentActionRequired(action) => {
                self.state = PaymentState::ActionRequired;
                self.action_url = Some(action.url.clone());
            }
            E::PaymentDeclined(declined) => {
                self.state = PaymentState::Declined;
                self.decline_code = Some(declined.code.clone());
                self.action_url = None;
            }
            E::PaymentOutcomeUnknown(_) if self.authorized.is_none() => self.state = PaymentState::Unknown,
            E::PaymentCaptured(captured) => self.captured = Some(captured.captured_total),
            E::PaymentVoided(_) => {
                self.void_failed = false;
                match (self.authorized, self.captured) {
                    (Some(authorized), Some(captured)) => self.voided = Some(authorized.minus(captured)?),
                    (Some(authorized), None) => self.voided = Some(authorized),
                    (None, _) => self.state = PaymentState::Voided,
                }
                self.action_url = None;
            }
            E::VoidFailed(_) => self.void_failed = true,
            E::PaymentRefunded(refunded) => self.refunded = Some(refunded.refunded_total),
            E::PaymentCancelled(_) => self.state = PaymentState::CalledOff,
            E::AuthorizationRequested(_)
            | E::PaymentOutcomeUnknown(_)
            | E::CaptureRequested(_)
            | E::CaptureFailed(_)
            | E::VoidRequested(_)
            | E::VoidDeferred(_)
            | E::RefundRequested(_)
            | E::RefundDeferred(_)
            | E::RefundFailed(_) => {}
        }
        self.derive_state();
        Ok(())
    }

    /// Once money was set aside, its amounts say where the payment stands.
    fn derive_state(&mut self) {
        if self.void_failed {
            self.state = PaymentState::Failed;
            return;
        }
        let Some(authorized) = self.authorized else { return };
        let minor = |money: Option<Money>| money.map_or(0, |money| money.minor);
        let (captured, voided) = (minor(self.captured), minor(self.voided));
        let refunded = minor(self.refunded);
        self.state = if captured > 0 && refunded == captured {
            PaymentState::Refunded
        } else if refunded > 0 {
            PaymentState::PartiallyRefunded
        } else if captured > 0 && captured == authorized.minor.saturating_sub(voided) {
            PaymentState::Captured
        } else if captured > 0 {
            PaymentState::PartiallyCaptured
        } else if voided > 0 {
            PaymentState::Voided
        } else {
            PaymentState::Authorized
        };
    }
}
