//! Collects routes for the router, each with its edge and its description, so that a route without metrics,
//! without a time limit or missing from `/openapi.json` cannot be written.

use crate::{
    app::Shop,
    edge::{Edge, Route, fallback, method_not_allowed},
    openapi::{Operation, Role},
    problem::{Problem, kind},
    roles::{NodeRole, Roles},
};
use axum::{
    Router,
    handler::Handler,
    http::Method,
    routing::{MethodFilter, on},
};
use std::{sync::Arc, time::Duration};

/// A route's method, path and description.
pub(crate) type Described = (Method, &'static str, Operation);

pub(crate) struct Routes {
    router: Router<Arc<Shop>>,
    operations: Vec<Described>,
    time_limit: Duration,
    roles: Roles,
}

impl Routes {
    pub(crate) fn new(time_limit: Duration, roles: Roles) -> Self {
        Self { router: Router::new(), operations: Vec::new(), time_limit, roles }
    }

    fn on<H, T>(mut self, method: Method, path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, Arc<Shop>>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).expect("only methods that axum routes are used");
        let route = Route::new(&method, path, self.time_limit, operation.inside_only);
        let needed = needed_for(path, &operation).filter(|(needed, _)| !self.roles.has(*needed));
        self.router = match needed {
            None => self.router.route(path, on(filter, Edge { handler, route })),
            Some((_, name)) => {
                let here = self.roles;
                let handler = async move || -> Result<(), Problem> { Err(not_here(name, here)) };
                self.router.route(path, on(filter, Edge { handler, route }))
            }
        };
        self.operations.push((method, path, operation));
        self
    }

    pub(crate) fn get<H: Handler<T, Arc<Shop>>, T: 'static>(
        self,
        path: &'static str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.on(Method::GET, path, handler, operation)
    }

    pub(crate) fn post<H: Handler<T, Arc<Shop>>, T: 'static>(
        self,
        path: &'static str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.on(Method::POST, path, handler, operation)
    }

    pub(crate) fn put<H: Handler<T, Arc<Shop>>, T: 'static>(
        self,
        path: &'static str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.on(Method::PUT, path, handler, operation)
    }

    pub(crate) fn patch<H: Handler<T, Arc<Shop>>, T: 'static>(
        self,
        path: &'static str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.on(Method::PATCH, path, handler, operation)
    }

    pub(crate) fn delete<H: Handler<T, Arc<Shop>>, T: 'static>(
        self,
        path: &'static str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.on(Method::DELETE, path, handler, operation)
    }

    /// The router, and what it can do.
    pub(crate) fn finish(self) -> (Router<Arc<Shop>>, Vec<Described>) {
        let router = self.router.fallback(fallback).method_not_allowed_fallback(method_not_allowed);
        (router, self.operations)
    }
}

/// The role a node needs to answer on a route; health, audit, the feed and what operators ask are everywhere.
fn needed_for(path: &str, operation: &Operation) -> Option<(NodeRole, &'static str)> {
    match operation.role {
        Role::Command => Some((NodeRole::Commands, "commands")),
        Role::Other if path == "/commands" => Some((NodeRole::Commands, "commands")),
        Role::Query => Some((NodeRole::Queries, "queries")),
        Role::Other => None,
    }
}

fn not_here(needed: &'static str, here: Roles) -> Problem {
    let detail = format!("this node does {here}; ask a node that does {needed}");
    Problem::new(&kind::ROLE_NOT_HERE, detail).with("role", needed).with("roles", here.names())
}
