//! Every address of the server on one page: path, handler, description.

pub(crate) mod admin;
mod audit;
pub(crate) mod bulk;
pub(crate) mod carts;
mod events;
mod health;
pub(crate) mod inventory;
pub(crate) mod orders;
mod payments;
pub(crate) mod products;
mod search;

use crate::{openapi::describe as d, problem, roles::Roles, route::Routes};
use carts::checkout;
use std::time::Duration;

pub(crate) fn routes(time_limit: Duration, roles: Roles) -> Routes {
    Routes::new(time_limit, roles)
        // Carts
        .post("/carts", carts::create, d::carts::create())
        .get("/carts/{id}", carts::view::show, d::carts::show())
        .delete("/carts/{id}", carts::discard, d::carts::discard())
        .post("/carts/{id}/lines", carts::add_lines, d::carts::add_lines())
        .patch("/carts/{id}/lines/{line}", carts::change_line, d::carts::change_line())
        .delete("/carts/{id}/lines/{line}", carts::remove_line, d::carts::remove_line())
        .put("/carts/{id}/contact", carts::set_contact, d::carts::set_contact())
        .put("/carts/{id}/customer", carts::assign, d::carts::assign())
        .post("/carts/{id}/reprice", carts::reprice, d::carts::reprice())
        .post("/carts/{id}/merge", carts::merge, d::carts::merge())
        .post("/carts/{id}/copy", carts::copy, d::carts::copy())
        .post("/carts/{id}/checkout", checkout::checkout, d::carts::checkout())
        // Orders
        .get("/orders", orders::list, d::orders::list())
        .get("/orders/{id}", orders::show, d::orders::show())
        .get("/orders/{id}/proof", audit::order, d::audit::order())
        .post("/orders/{id}/cancel", orders::cancel, d::orders::cancel())
        .post("/orders/{id}/ship", orders::ship, d::orders::ship())
        .post("/orders/{id}/deliver", orders::deliver, d::orders::deliver())
        .post("/orders/{id}/return", orders::take_back, d::orders::take_back())
        .post("/orders/{id}/credit", orders::credit, d::orders::credit())
        // Payments
        .get("/payments/{id}", payments::show, d::payments::show())
        .post("/payments/{id}/confirm", payments::confirm, d::payments::confirm())
        // Stock
        .get("/inventory/{sku}", inventory::show, d::inventory::show())
        .get("/inventory/{sku}/movements", inventory::movements, d::inventory::movements())
        .post("/inventory/{sku}/receive", inventory::receive, d::inventory::receive())
        .post("/inventory/{sku}/adjust", inventory::adjust, d::inventory::adjust())
        .post("/inventory/{sku}/transfer", inventory::transfer, d::inventory::transfer())
        .post("/inventory/{sku}/count", inventory::count, d::inventory::count())
        .post("/inventory/{sku}/policy", inventory::policy, d::inventory::policy())
        // Catalog and search
        .get("/products", products::list, d::products::list())
        .get("/products/{id}", products::show, d::products::show())
        .put("/products/{id}", products::put, d::products::put())
        .put("/products/{id}/prices", products::put_prices, d::products::put_prices())
        .post("/products/{id}/publish", products::publish, d::products::publish())
        .post("/products/{id}/archive", products::archive, d::products::archive())
        .get("/search", search::search, d::products::search())
        .get("/suggest", search::suggest, d::products::suggest())
        // Everything, in bulk and in order
        .post("/commands", bulk::run, d::feeds::commands())
        .get("/events", events::feed, d::feeds::events())
        // Auditors
        .get("/audit/checkpoint", audit::checkpoint, d::audit::checkpoint())
        .get("/audit/key", audit::key, d::audit::key())
        .get("/audit/tile/{*path}", audit::tile, d::audit::tile())
        .get("/audit/proof", audit::proof, d::audit::proof())
        .get("/audit/consistency", audit::consistency, d::audit::consistency())
        // Operators
        .get("/admin/projections", admin::list, d::admin::list())
        .post("/admin/projections/{name}/rebuild", admin::rebuild, d::admin::rebuild())
        .get("/admin/projections/{name}/dead-letters", admin::dead_letters, d::admin::dead_letters())
        .post("/admin/projections/{name}/dead-letters/retry", admin::retry, d::admin::retry())
        .post("/admin/projections/{name}/dead-letters/skip", admin::skip, d::admin::skip())
        .get("/livez", health::live, d::admin::live())
        .get("/readyz", health::ready, d::admin::ready())
        .get("/metrics", health::metrics, d::admin::metrics())
        // About this interface
        .get("/openapi.json", crate::openapi::show, d::admin::openapi())
        .get("/problems/{name}", problem::explain, d::admin::problem())
}
