//! Which problem a business "no" is. Every match is exhaustive: a new rejection does not compile until it
//! has a kind. 404: the thing asked for does not exist; 409: its state forbids it, so it may work later;
//! 422: it can never work.

use super::{Kind, Problem, kind};
use daybook_domain::{
    Rejection, cart::CartRejection, inventory::InventoryRejection, order::OrderRejection,
    order::RejectReason, payment::PaymentRejection, product::ProductRejection,
};

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        Self::from(&rejection)
    }
}

impl From<&Rejection> for Problem {
    fn from(rejection: &Rejection) -> Self {
        let kind = match rejection {
            Rejection::Product(rejection) => product(rejection),
            Rejection::Cart(rejection) => cart(rejection),
            Rejection::Order(rejection) => order(rejection),
            Rejection::Inventory(rejection) => inventory(rejection),
            Rejection::Payment(rejection) => payment(rejection),
        };
        Self::new(kind, rejection.to_string()).with_all(rejection)
    }
}

fn product(rejection: &ProductRejection) -> &'static Kind {
    use ProductRejection as R;
    match rejection {
        R::ProductNotFound {} => &kind::NOT_FOUND,
        R::ProductIsArchived {} => &kind::CONFLICT,
        R::InvalidProduct { .. } | R::DuplicatePrice { .. } => &kind::INVALID_COMMAND,
        R::UnknownVariant { .. } => &kind::UNKNOWN_SKU,
    }
}

fn cart(rejection: &CartRejection) -> &'static Kind {
    use CartRejection as R;
    match rejection {
        R::CartNotFound {} | R::LineNotFound { .. } => &kind::NOT_FOUND,
        R::CartExists {}
        | R::CartNotActive { .. }
        | R::CartHasCustomer { .. }
        | R::CartHasChanged { .. }
        | R::OrderIsNotThisCarts { .. } => &kind::CONFLICT,
        R::CheckoutBlocked { .. } => &kind::CHECKOUT_BLOCKED,
        R::ForeignCurrency { .. } => &kind::FOREIGN_CURRENCY,
        R::CardNumberRefused {} => &kind::CARD_NUMBER_REFUSED,
        R::TooManyLines { .. }
        | R::TooMany { .. }
        | R::NegativePrice { .. }
        | R::MergeIntoItself {}
        | R::InvalidCart { .. }
        | R::TotalTooLarge {} => &kind::INVALID_COMMAND,
    }
}

fn order(rejection: &OrderRejection) -> &'static Kind {
    use OrderRejection as R;
    match rejection {
        R::OrderNotFound {} => &kind::NOT_FOUND,
        R::OrderExists { .. }
        | R::WrongState { .. }
        | R::TooManyUnits { .. }
        | R::NothingToDo {}
        | R::AlreadyShipped {}
        | R::MoreThanPaid { .. }
        | R::NotCovered { .. } => &kind::CONFLICT,
        R::UnknownLine { .. } | R::TotalDiffers { .. } | R::InvalidOrder { .. } => &kind::INVALID_COMMAND,
    }
}

fn inventory(rejection: &InventoryRejection) -> &'static Kind {
    use InventoryRejection as R;
    match rejection {
        R::OutOfStock { .. } => &kind::OUT_OF_STOCK,
        R::ReservationNotFound { .. } => &kind::NOT_FOUND,
        R::UnknownLocation { .. }
        | R::BelowFloor { .. }
        | R::AlreadyReserved { .. }
        | R::ReservationHasExpired { .. }
        | R::ReservationNotCommitted { .. }
        | R::MoreThanReserved { .. } => &kind::CONFLICT,
        R::SameLocation {} | R::InvalidMovement { .. } => &kind::INVALID_COMMAND,
    }
}

fn payment(rejection: &PaymentRejection) -> &'static Kind {
    use PaymentRejection as R;
    match rejection {
        R::PaymentNotFound {} => &kind::NOT_FOUND,
        R::PaymentExists {}
        | R::PaymentInWrongState { .. }
        | R::MoreThanPossible { .. }
        | R::UnknownOperation { .. } => &kind::CONFLICT,
        R::InvalidPayment { .. } => &kind::INVALID_COMMAND,
    }
}

/// The answer to a checkout whose order the shop could not accept.
pub(crate) fn order_rejected(reason: &RejectReason) -> Problem {
    let (kind, detail) = match reason {
        RejectReason::OutOfStock { sku, requested, available } => {
            (&kind::OUT_OF_STOCK, format!("{requested} of {sku} asked for, {available} available"))
        }
        RejectReason::PaymentDeclined { code } => {
            (&kind::PAYMENT_DECLINED, format!("the payment was declined: {code}"))
        }
        RejectReason::PaymentTimedOut {} => {
            (&kind::PAYMENT_TIMED_OUT, "the payment was not completed while the stock was held".to_owned())
        }
        RejectReason::ReservationExpired { sku } => (
            &kind::RESERVATION_EXPIRED,
            format!("the stock of {sku} was let go before the payment was through"),
        ),
    };
    Problem::new(kind, detail).with_all(reason)
}
