//! Collects routes for the router, each with its edge and its description, so that a route without metrics,
//! without a time limit or missing from `/openapi.json` cannot be written.

use crate::{
    http::{Edge, Route, fallback, method_not_allowed},
    openapi::Operation,
    shop::Shop,
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
}

impl Routes {
    pub(crate) fn new(time_limit: Duration) -> Self {
        Self { router: Router::new(), operations: Vec::new(), time_limit }
    }

    fn on<H, T>(mut self, method: Method, path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, Arc<Shop>>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).expect("only methods that axum routes are used");
        let route = Route::new(&method, path, self.time_limit);
        self.router = self.router.route(path, on(filter, Edge { handler, route }));
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
