//! Walks every route and compares its declarations with the description of its handler. A new route is walked without
//! being named here.

use crate::{
    access::{Load, Owner, RequestLimits, Retry},
    openapi::{all_routes, placeholders},
    problem::kind,
    route::{ApiVersion, Registered},
};
use axum::http::Method;
use std::collections::BTreeSet;

/// Each route that breaks the rule, by method and path.
fn offenders(rule: impl Fn(&Registered) -> bool) -> Vec<String> {
    let broken = all_routes().into_iter().filter(|route| !rule(route));
    broken.map(|route| format!("{} {}", route.method, route.path)).collect()
}

fn assert_all(what: &str, rule: impl Fn(&Registered) -> bool) {
    let offenders = offenders(rule);
    assert!(offenders.is_empty(), "{what}: {offenders:?}");
}

#[test]
fn every_route_has_a_summary_an_id_of_its_own_and_an_answer_that_is_no_error() {
    let routes = all_routes();
    assert!(routes.len() > 50, "only {} routes: the walk is broken", routes.len());
    let ids: BTreeSet<_> = routes.iter().map(|route| route.id).collect();
    assert_eq!(ids.len(), routes.len(), "two routes share an id");
    assert_all("a route without summary or topic", |route| {
        !route.summary.is_empty() && !route.tag.is_empty()
    });
    assert_all("a route that only fails", |route| {
        route.description.answers.iter().any(|answer| (200..300).contains(&answer.status))
    });
}

#[test]
fn every_placeholder_of_a_path_is_read_by_the_handler() {
    assert_all("placeholders and extractors differ", |route| {
        placeholders(route.path).count() == route.description.path.len()
    });
}

#[test]
fn every_parameter_is_described_once() {
    assert_all("a parameter is described twice", |route| {
        let names = route.description.parameters.iter().map(|parameter| (parameter.place, parameter.name));
        names.clone().collect::<BTreeSet<_>>().len() == names.count()
    });
}

#[test]
fn the_declared_limits_are_those_of_the_body_that_is_read() {
    assert_all("limits do not fit the body", |route| {
        let media_type = route.description.body.as_ref().map(|body| body.content.media_type);
        let read = match media_type {
            None => RequestLimits::NoBody,
            Some("application/json") => RequestLimits::Body,
            Some(_) => RequestLimits::Lines,
        };
        route.limits == read
    });
}

#[test]
fn a_retry_is_as_safe_as_it_is_declared() {
    assert_all("retry does not fit the handler", |route| match route.retry {
        Retry::Read => route.method == Method::GET && !route.description.is_keyed,
        Retry::Key => route.description.is_keyed,
        Retry::KeyPerLine => route.limits == RequestLimits::Lines,
        Retry::Repeats => route.method != Method::GET && !route.description.is_keyed,
    });
}

#[test]
fn new_customers_are_refused_first_where_that_is_declared_and_nowhere_else() {
    assert_all("load does not fit the handler", |route| {
        (route.load == Load::NewCustomer) == route.description.is_admitted
    });
}

#[test]
fn what_is_for_the_loopback_interface_only_says_so() {
    assert_all("the refusal is not described", |route| {
        route.access.is_loopback_only() == route.description.problems.contains(&&kind::LOOPBACK_ONLY)
    });
}

#[test]
fn only_what_belongs_to_a_customer_is_open_to_its_owner() {
    assert_all("the shop's own data is open to customers", |route| {
        !route.access.is_for_owner() || route.owner != Owner::Shop
    });
}

#[test]
fn paths_of_the_first_version_have_no_version_in_them() {
    assert_all("a version in the path", |route| match route.version {
        ApiVersion::V1 => !route.path.starts_with("/v"),
    });
}
