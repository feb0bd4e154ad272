//! Which problem a business "no" is: it follows from the class that stands beside each rejection in the domain.
//! 404: the thing asked for does not exist; 409: its state forbids it, so it may work later; 422: it can never
//! work; or a problem of its own, by its name in the catalogue.

use super::{Problem, ProblemKind, catalogue::find, kind};
use daybook_domain::{Class, Rejection, order::RejectReason};
use serde_json::{Value, json};

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        Self::from(&rejection)
    }
}

impl From<&Rejection> for Problem {
    fn from(rejection: &Rejection) -> Self {
        let mut problem =
            Self::new(kind_of(rejection.kind().class), rejection.to_string()).with_all(rejection);
        let (field, detail) = (problem.members.remove("field"), problem.members.remove("detail"));
        if let Some(Value::String(field)) = field {
            // What events call `personal` is called `contact` here.
            let pointer =
                field.strip_prefix("/personal").map_or(field.clone(), |rest| format!("/contact{rest}"));
            problem = problem.with("errors", json!([{ "pointer": pointer, "detail": detail }]));
        }
        problem
    }
}

/// The kind of problem that a class of rejections is.
fn kind_of(class: Class) -> &'static ProblemKind {
    match class {
        Class::Missing => &kind::NOT_FOUND,
        Class::Conflict => &kind::CONFLICT,
        Class::Invalid => &kind::INVALID_COMMAND,
        Class::Own(name) => find(name).expect("the catalogue has a kind for every class, as a test shows"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_domain::AGGREGATES;

    #[test]
    fn every_class_of_its_own_is_a_problem_of_the_catalogue() {
        let classes =
            || AGGREGATES.iter().flat_map(|kind| kind.rejections).map(|kind| (kind.name, kind.class));
        let unknown: Vec<_> = classes()
            .filter(|(_, class)| matches!(class, Class::Own(name) if find(name).is_none()))
            .collect();
        assert!(unknown.is_empty(), "no kind of problem in the catalogue for {unknown:?}");
        let own =
            classes().filter_map(|(_, class)| if let Class::Own(name) = class { Some(name) } else { None });
        for name in own {
            assert_eq!(kind_of(Class::Own(name)).name, name);
        }
    }
}
