//! Carts: what a customer means to buy, up to checkout. Here are the routes; commands, checkout and view lie beside.

mod bodies;
mod checkout;
mod commands;
mod lines;
mod view;

use crate::{
    access::{Access, Load, Owner, RequestLimits, Retry},
    describe::AnswerDoc,
    problem::kind,
    route::{ApiVersion::V1, Doc, Route, Routes},
};
use axum::http::Method;
use daybook_domain::access::Scope;
use serde_json::{Value, json};

const TAG: &str = "carts";
const ID: &str = "0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a90";
const ORDER_ID: &str = "0199a5b0-7c3e-8f27-9b1d-5a6c7e8f9012";

/// Callers who may write carts, and the customer whose cart it is.
const WRITE: Access = Access::scope(Scope::CartsWrite).or_own();
const READ: Access = Access::scope(Scope::CartsRead).or_own();

fn done() -> AnswerDoc {
    AnswerDoc { text: "Done and durable.", example: json!({ "id": ID, "position": 4711, "version": 7 }) }
}

fn with_lines() -> Value {
    json!({ "id": ID, "position": 4711, "version": 2, "lines": [
        { "line_id": 1, "sku": "MUG-RED", "quantity": 2, "unit_price": { "minor": 1299, "currency": "GBP" } },
    ] })
}

pub(super) fn routes(routes: Routes) -> Routes {
    changes(lines_of(beginnings(routes)))
        .add(Route {
            method: Method::GET,
            path: "/carts/{id}",
            handler: view::show,
            version: V1,
            access: READ,
            owner: Owner::Cart,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "getCart",
                tag: TAG,
                summary: "A cart, and what blocks its checkout",
                text: "`blockers` compares an active cart with today's prices and stock: `PriceChanged`, `NotForSale`, `OutOfStock`, `NoLines`. Blockers may change without a new version.",
                problems: &[],
                answers: AnswerDoc { text: "The cart.", example: view::example() },
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/carts/{id}/checkout",
            handler: checkout::checkout,
            version: V1,
            access: WRITE,
            owner: Owner::Cart,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "checkout",
                tag: TAG,
                summary: "Turn a cart into an order",
                text: "Waits for the outcome, 2 seconds unless `Prefer: wait=N` (0 to 30) says otherwise. `Prefer: return=minimal` leaves out the order itself. At the simulated gateway the token decides: `tok_visa` is approved, `tok_declined` and `tok_insufficient_funds` are declined, `tok_action_required` waits for POST /payments/{id}/confirm, `tok_timeout_approved` answers late.",
                problems: &[&kind::FOREIGN_CURRENCY, &kind::CARD_NUMBER_REFUSED],
                answers: checkout::answers(),
            },
        })
}

/// The routes that make a cart.
fn beginnings(routes: Routes) -> Routes {
    routes
        .add(Route {
            method: Method::POST,
            path: "/carts",
            handler: commands::create,
            version: V1,
            access: WRITE,
            owner: Owner::Cart,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::NewCustomer,
            doc: Doc {
                id: "createCart",
                tag: TAG,
                summary: "Begin a cart",
                text: "With lines, if there are any already. Prices and titles come from the catalog. Under the same Idempotency-Key the cart has the same id.",
                problems: &[&kind::UNKNOWN_SKU],
                answers: AnswerDoc { text: "The cart is there.", example: with_lines() },
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/carts/{id}/copy",
            handler: commands::copy,
            version: V1,
            access: WRITE,
            owner: Owner::Cart,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::NewCustomer,
            doc: Doc {
                id: "copyCart",
                tag: TAG,
                summary: "Begin a new cart with the same articles at today's prices",
                text: "For example after an order was rejected: a cart can become only one order.",
                problems: &[&kind::NOT_FOUND, &kind::UNKNOWN_SKU],
                answers: AnswerDoc { text: "The new cart is there.", example: with_lines() },
            },
        })
}

/// The routes of a cart's lines.
fn lines_of(routes: Routes) -> Routes {
    routes
        .add(Route {
            method: Method::POST,
            path: "/carts/{id}/lines",
            handler: commands::add_lines,
            version: V1,
            access: WRITE,
            owner: Owner::Cart,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "addLines",
                tag: TAG,
                summary: "Put one or several articles into a cart",
                text: "The same SKU at the same price adds to the line that is there; at another price it is another line. A cart takes 2,500 lines and 10,000 changes of any kind; after those (`TooManyChanges`) it can still be checked out and copied.",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT, &kind::UNKNOWN_SKU, &kind::FOREIGN_CURRENCY],
                answers: AnswerDoc {
                    text: "Done and durable, with the lines that are new.",
                    example: with_lines(),
                },
            },
        })
        .add(Route {
            method: Method::PATCH,
            path: "/carts/{id}/lines/{line}",
            handler: commands::change_line,
            version: V1,
            access: WRITE,
            owner: Owner::Cart,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "changeLine",
                tag: TAG,
                summary: "Change how many of an article",
                text: "",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT],
                answers: done(),
            },
        })
        .add(Route {
            method: Method::DELETE,
            path: "/carts/{id}/lines/{line}",
            handler: commands::remove_line,
            version: V1,
            access: WRITE,
            owner: Owner::Cart,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "removeLine",
                tag: TAG,
                summary: "Take an article out",
                text: "",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT],
                answers: done(),
            },
        })
}

/// The routes of the other commands on a cart.
fn changes(routes: Routes) -> Routes {
    routes
        .add(Route {
            method: Method::DELETE,
            path: "/carts/{id}",
            handler: commands::discard,
            version: V1,
            access: WRITE,
            owner: Owner::Cart,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "discardCart",
                tag: TAG,
                summary: "Throw a cart away",
                text: "",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT],
                answers: done(),
            },
        })
        .add(Route {
            method: Method::PUT,
            path: "/carts/{id}/contact",
            handler: commands::set_contact,
            version: V1,
            access: WRITE,
            owner: Owner::Cart,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "setContact",
                tag: TAG,
                summary: "Say who the goods go to and where",
                text: "Replaces what was said before. This is the only place for personal data.",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT],
                answers: done(),
            },
        })
        .add(Route {
            method: Method::PUT,
            path: "/carts/{id}/customer",
            handler: commands::assign,
            version: V1,
            access: WRITE,
            owner: Owner::Cart,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "assignCustomer",
                tag: TAG,
                summary: "Say whose cart it is",
                text: "",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT],
                answers: done(),
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/carts/{id}/reprice",
            handler: commands::reprice,
            version: V1,
            access: WRITE,
            owner: Owner::Cart,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "repriceCart",
                tag: TAG,
                summary: "Accept today's prices",
                text: "",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT],
                answers: done(),
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/carts/{id}/merge",
            handler: commands::merge,
            version: V1,
            access: WRITE,
            owner: Owner::Cart,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "mergeCart",
                tag: TAG,
                summary: "Move a guest cart's lines into another cart",
                text: "Ends this cart; its lines appear in `into` moments later. Refused if `into` could not take them: if it is not there, over, in another currency, or would be too large.",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT, &kind::FOREIGN_CURRENCY],
                answers: done(),
            },
        })
}
