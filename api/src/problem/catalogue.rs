//! The list of all kinds of problems, each with its status and an explanation that is served under
//! `/problems/{name}`. Names are promises to clients: one once released is never renamed.

/// A kind of problem: what is the same at every occurrence.
#[derive(Debug, PartialEq, Eq)]
pub struct ProblemKind {
    /// The last part of `type`, for example `out-of-stock`.
    pub name: &'static str,
    pub status: u16,
    pub title: &'static str,
    /// What it means and what a client can do.
    pub explanation: &'static str,
}

impl ProblemKind {
    /// After how many seconds it may be worth trying again, where nothing better is known; none: it is not, unless something
    /// changes first.
    pub(crate) const fn retry_after_s(&self) -> Option<u32> {
        match self.status {
            503 | 504 => Some(1),
            // Room comes when files are removed or disks grow.
            507 => Some(30),
            _ => None,
        }
    }
}

macro_rules! kinds {
    ($($id:ident $name:literal $status:literal $title:literal $explanation:literal;)+) => {
        pub(super) mod kinds {
            //! One constant per kind.
            use super::ProblemKind;
            $(
                #[doc = $explanation]
                pub const $id: ProblemKind =
                    ProblemKind { name: $name, status: $status, title: $title, explanation: $explanation };
            )+
        }

        /// Every kind there is.
        pub const ALL: &[&ProblemKind] = &[$(&kinds::$id,)+];
    };
}

kinds! {
    MALFORMED_JSON "malformed-json" 400 "The body is not JSON"
        "The body could not be read as JSON. `line` and `column` say where it breaks.";
    INVALID_PARAMETER "invalid-parameter" 400 "A parameter of the path or query is invalid"
        "`parameter` names it. Unknown query parameters are refused too, so that a typing error is never silently ignored.";
    INVALID_HEADER "invalid-header" 400 "A header is invalid"
        "`header` names it.";
    NOT_HTTP "not-http" 400 "That is not HTTP"
        "What was sent is no HTTP/1.1 request, or one that contradicts itself, for example about its length. The connection was closed.";
    PAYMENT_DECLINED "payment-declined" 402 "The payment was declined"
        "The gateway said no; `code` is its normalised reason. Copy the cart and check out with another token.";
    PAYMENT_TIMED_OUT "payment-timed-out" 402 "The payment was not completed in time"
        "Nobody completed the payment while the stock was held, so it was let go. Copy the cart and check out again.";
    UNAUTHENTICATED "unauthenticated" 401 "A key is needed, and there is none that is valid"
        "Send `Authorization: Bearer <key>`. A key that is malformed, unknown, expired or revoked is answered alike.";
    MISSING_SCOPE "missing-scope" 403 "The key is not for this"
        "`scope` is what the key lacks. Whoever has a key with `keys:write` can make one with it.";
    LOOPBACK_ONLY "loopback-only" 403 "This is answered on the server's own machine only"
        "Without a key, the record, its proofs and the node are answered to the loopback interface only. Send a key with the scope, or have the operator open the record with --record-for anyone.";
    CROSS_SITE "cross-site" 403 "A page of another site sent this"
        "A browser says which page a request comes from, and commands are taken from this server's own pages only. The operator can allow others with --allowed-origins. Programs send no `Origin`.";
    NOT_FOUND "not-found" 404 "There is nothing here"
        "No route and no resource has this address.";
    METHOD_NOT_ALLOWED "method-not-allowed" 405 "This method is not for this address"
        "The `Allow` header lists the methods that are.";
    NOT_ACCEPTABLE "not-acceptable" 406 "None of the accepted media types is available"
        "`available` lists what can be had.";
    REQUEST_TIMEOUT "request-timeout" 408 "The request did not arrive in time"
        "The head or the body came too slowly, or broke off. Nothing was done.";
    CONFLICT "conflict" 409 "The resource's state does not allow this"
        "`reason` names the rule and the members beside it carry its data. Read the resource, then decide again.";
    OUT_OF_STOCK "out-of-stock" 409 "There is not enough stock"
        "`sku`, `requested` and `available` say of what, how much was asked for and how much can be had.";
    NOT_THERE "not-there" 409 "So many units are not there"
        "`location`, `requested` and `on_hand` say where, how many were to go and how many are there. If more are there in fact, record a count first.";
    RESERVED_UNITS "reserved-units" 409 "Units that are set aside for orders stay where they are"
        "`location`, `requested`, `unreserved` and `on_hand` say where, how many were to move and how many may.";
    CHOOSE_LOCATION "choose-location" 409 "The units are at several locations"
        "`choices` lists where units are set aside. Say in `location` which one they leave, and which `lines` if not all are sent from there.";
    CHECKOUT_BLOCKED "checkout-blocked" 409 "Something stands between the cart and its order"
        "`blockers` lists what. After a price change, POST to /carts/{id}/reprice accepts today's prices.";
    RESERVATION_EXPIRED "reservation-expired" 409 "The stock was let go before the payment was through"
        "`sku` names the article. Copy the cart and check out again.";
    VERSION_MISMATCH "version-mismatch" 412 "The resource has changed"
        "`If-Match` named another version than `actual_version`, or `If-None-Match: *` asked for something new that is there. Read the resource again, then decide again.";
    BODY_TOO_LARGE "body-too-large" 413 "The body is too large"
        "`limit_bytes` is what is allowed. Send more in several requests, or line by line to /commands.";
    UNSUPPORTED_MEDIA_TYPE "unsupported-media-type" 415 "The body's media type is not supported"
        "`expected` is what this address takes.";
    MISDIRECTED_REQUEST "misdirected-request" 421 "This server does not answer to that name"
        "`Host` names another server. This one answers to localhost, to the address that it was reached at, and to the names that the operator gives it with --allowed-hosts.";
    INVALID_BODY "invalid-body" 422 "The body does not have the expected fields"
        "`errors` lists each that is missing, unknown, given twice, of the wrong type or out of range: its JSON Pointer and what is wrong there.";
    INVALID_COMMAND "invalid-command" 422 "The command can never be valid"
        "`reason` names the rule that it breaks, whatever the resource's state, and the members beside it carry its data. Where one field breaks it, `errors` names that, as for an invalid body.";
    FOREIGN_CURRENCY "foreign-currency" 422 "The currency is not the cart's"
        "All prices of a cart are in one currency.";
    UNKNOWN_SKU "unknown-sku" 422 "No such article is for sale"
        "`sku` is not in the catalog, not published, or has no price in the cart's currency. For stock: no product has it.";
    UNKNOWN_LOCATION "unknown-location" 422 "There is no such location"
        "`location` was never opened, and `nearest` lists those that are called nearly so. PUT /locations/{id} opens a new one.";
    CARD_NUMBER_REFUSED "card-number-refused" 422 "Card numbers are never accepted"
        "Pass the payment gateway's token instead. What you sent was not stored.";
    IDEMPOTENCY_KEY_REUSED "idempotency-key-reused" 422 "The idempotency key was used for another request"
        "A key names one request for ever: same method, same path, same body. Use a new key for a new request.";
    HEAD_TOO_LARGE "head-too-large" 431 "The request's head is too large"
        "Address and headers may have 64 KiB together, and there may be 100 headers. The connection was closed.";
    TOO_MANY_CONNECTIONS "too-many-connections" 503 "The server has all the connections it takes"
        "Try again shortly.";
    INTERNAL "internal" 500 "Something in the server is broken"
        "This is not your fault. The operator finds it in the log under `request_id`.";
    UNKNOWN_TRANSFER_CODING "unknown-transfer-coding" 501 "The body is sent in a way that is not understood"
        "`Transfer-Encoding` may be `chunked` and nothing else. The connection was closed.";
    OVERLOADED "overloaded" 503 "More work arrives than can be done"
        "Nothing was done. Try again after `Retry-After` seconds, with growing pauses.";
    UNAVAILABLE "unavailable" 503 "A part of the server cannot work"
        "Nothing was acknowledged. With an Idempotency-Key it is safe to try again after `Retry-After` seconds.";
    ROLE_NOT_HERE "role-not-here" 503 "This node does not do that"
        "`role` is what a node needs for it, `roles` what this one has. Nothing was done; ask a node with that role.";
    NEWER_PROGRAM "newer-program" 503 "A newer version of the server is needed for that"
        "Nothing was done. Another node may have been upgraded already; try again after `Retry-After` seconds.";
    OUTCOME_UNKNOWN "outcome-unknown" 503 "It is not known whether the command was executed"
        "Retry with the same Idempotency-Key: a command is executed once, and the retry finds its outcome.";
    DEADLINE_PASSED "deadline-passed" 503 "The command waited too long and was not executed"
        "Nothing was done. Try again after `Retry-After` seconds.";
    NOT_REACHED "position-not-reached" 504 "The read model has not reached that position yet"
        "`position` is how far it is. Ask again, with a longer `wait_ms`, or without `min_position`.";
    TOO_SLOW "too-slow" 504 "The answer took too long"
        "A command may have been executed: retry it with the same Idempotency-Key.";
    LOG_FULL "log-full" 507 "There is no room for more events"
        "Reads go on. Commands resume by themselves when there is room again.";
}

/// The kind that is called so.
pub(crate) fn find(name: &str) -> Option<&'static ProblemKind> {
    ALL.iter().find(|kind| kind.name == name).copied()
}
