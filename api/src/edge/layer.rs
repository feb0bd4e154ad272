//! What stands between the network and every handler: access, a time limit, a net for panics, the rendering of
//! problems, and measurements. One layer per route, so that its metrics are looked up once, at start.

use super::loopback::{self, RemotePeer};
use crate::{
    access::Access,
    auth::{Gate, LetIn, Principal},
    describe::Description,
    problem::{Problem, kind},
};
use axum::{
    extract::Request,
    handler::Handler,
    http::{HeaderMap, HeaderValue, Method, Uri, header},
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use metrics::{Counter, Histogram, counter, histogram};
use serde_json::json;
use std::{
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

const REQUEST_ID: &str = "x-request-id";
/// An answer slower than this is worth a line in the log.
const SLOW: Duration = Duration::from_secs(1);

/// A route's identity, its metrics, and which outcomes it is described with.
pub(crate) struct RouteMetrics {
    path: &'static str,
    seconds: Histogram,
    /// Answers by hundreds of their status.
    answers: [Counter; 6],
    described: DescribedOutcomes,
}

/// The statuses of answers and the names of problems that the document has for a route.
struct DescribedOutcomes {
    statuses: Vec<u16>,
    problems: Vec<&'static str>,
}

impl RouteMetrics {
    pub(crate) fn new(method: &Method, path: &'static str, description: &Description) -> Self {
        let method = method.to_string();
        let count = |class: &'static str| counter!("daybook_http_requests_total", "method" => method.clone(), "route" => path, "status" => class);
        let described = DescribedOutcomes {
            statuses: description.answers.iter().map(|answer| answer.status).collect(),
            problems: description.problems.iter().map(|kind| kind.name).collect(),
        };
        Self {
            path,
            seconds: histogram!("daybook_http_request_seconds", "method" => method.clone(), "route" => path),
            answers: ["other", "1xx", "2xx", "3xx", "4xx", "5xx"].map(count),
            described,
        }
    }

    fn measure(&self, response: &Response, took: Duration) {
        self.seconds.record(took);
        let class = usize::from(response.status().as_u16() / 100);
        if let Some(counter) = self.answers.get(class).or(self.answers.first()) {
            counter.increment(1);
        }
        if took > SLOW {
            tracing::info!(
                route = self.path,
                status = response.status().as_u16(),
                ms = took.as_millis(),
                "slow answer"
            );
        }
    }

    /// Whether the document has this outcome. Asserted in debug builds, so that every test of a route is also one of
    /// its description.
    fn describes(&self, response: &Response) -> bool {
        match response.extensions().get::<Problem>() {
            Some(problem) => self.described.problems.contains(&problem.kind.name),
            None => self.described.statuses.contains(&response.status().as_u16()),
        }
    }
}

/// A handler with what stands before it.
#[derive(Clone)]
pub(crate) struct RouteLayer<H> {
    pub handler: H,
    /// Shared, because the router clones a handler for each request.
    pub metrics: Arc<RouteMetrics>,
    pub time_limit: Duration,
    pub access: Access,
    pub gate: Arc<Gate>,
    /// Whether a line of a bulk request may be sent here.
    pub takes_lines: bool,
}

/// Marks the request that a line of a bulk request stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FromBulkLine;

impl<H, T, S> Handler<T, S> for RouteLayer<H>
where
    H: Handler<T, S>,
    T: 'static,
    S: Send + 'static,
{
    type Future = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn call(self, mut request: Request, state: S) -> Self::Future {
        Box::pin(async move {
            let began = Instant::now();
            let uri = request.uri().clone();
            if !self.takes_lines && request.extensions().get::<FromBulkLine>().is_some() {
                let detail = "/path is a route that cannot be used in bulk";
                let errors =
                    json!([{ "pointer": "/path", "detail": "is a route that cannot be used in bulk" }]);
                let problem = Problem::new(&kind::INVALID_BODY, detail).with("errors", errors);
                return refused(problem, &uri, request.headers());
            }
            let request_id = request.headers().get(REQUEST_ID).cloned();
            let response = match admit(&self.gate, &mut request, self.access).await {
                Err(problem) => problem.into_response(),
                Ok(()) => {
                    let work = AssertUnwindSafe(self.handler.call(request, state)).catch_unwind();
                    match tokio::time::timeout(self.time_limit, work).await {
                        Ok(Ok(response)) => response,
                        Ok(Err(_)) => {
                            Problem::new(&kind::INTERNAL, "the server failed to answer").into_response()
                        }
                        Err(_) => {
                            Problem::new(&kind::TOO_SLOW, "the server did not answer in time").into_response()
                        }
                    }
                }
            };
            debug_assert!(
                self.metrics.describes(&response),
                "{} does not describe {response:?}",
                self.metrics.path
            );
            let response = finish(response, &uri, request_id);
            self.metrics.measure(&response, began.elapsed());
            response
        })
    }
}

/// Lets a request in if the route is for whoever sends it. A line of a bulk request is its sender's.
async fn admit(gate: &Gate, request: &mut Request, access: Access) -> Result<(), Problem> {
    if request.extensions().get::<FromBulkLine>().is_none() {
        let principal = gate.authenticate(request.headers()).await?;
        // Only the gate says who it is.
        request.extensions_mut().remove::<Principal>();
        principal.and_then(|principal| request.extensions_mut().insert(principal));
    }
    let principal = request.extensions().get::<Principal>().cloned();
    let of_proxies = ["forwarded", "x-forwarded-for", "x-real-ip"];
    let came_through_proxy = of_proxies.iter().any(|name| request.headers().contains_key(*name));
    match gate.admit(principal.as_ref(), access, came_through_proxy).await? {
        LetIn::ByAnyone
            if access.is_loopback_only() && request.extensions().get::<RemotePeer>().is_some() =>
        {
            Err(loopback::refused())
        }
        LetIn::ByAnyone | LetIn::ByKey => Ok(()),
    }
}

/// Renders a problem, if the answer is one, and echoes the request's id.
fn finish(mut response: Response, uri: &Uri, request_id: Option<HeaderValue>) -> Response {
    let mut request_id = request_id.filter(|id| id.len() <= 128);
    if let Some(mut problem) = response.extensions_mut().remove::<Problem>() {
        if problem.kind.status >= 500 {
            let id = request_id
                .take()
                .or_else(|| HeaderValue::from_str(&uuid::Uuid::now_v7().to_string()).ok())
                .unwrap_or_else(|| HeaderValue::from_static("unknown"));
            let shown = id.to_str().unwrap_or("unknown").to_owned();
            report(&problem, &shown);
            problem = problem.with("request_id", shown);
            request_id = Some(id);
        }
        counter!("daybook_http_problems_total", "type" => problem.kind.name).increment(1);
        let allowed = response.headers_mut().remove(header::ALLOW);
        response = problem.render(uri.path());
        if let Some(allowed) = allowed {
            response.headers_mut().insert(header::ALLOW, allowed);
        }
    }
    if let Some(id) = request_id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Logs a problem of the server. What is broken is an error; what load or the client's own wish led to is not, because
/// an overloaded server would write a line for each request it refuses; nor is a probe's answer that the server is not
/// ready yet. All of them are counted like every other problem.
fn report(problem: &Problem, request_id: &str) {
    let (kind, detail) = (problem.kind.name, &problem.detail);
    let of_load = [
        &kind::OVERLOADED,
        &kind::DEADLINE_PASSED,
        &kind::NOT_REACHED,
        &kind::ROLE_NOT_HERE,
        &kind::TOO_MANY_CONNECTIONS,
    ];
    if of_load.iter().any(|of_load| of_load.name == kind) || problem.is_routine() {
        tracing::debug!(problem = kind, request_id, detail, "request refused");
    } else {
        tracing::error!(problem = kind, request_id, detail, "request failed");
    }
}

/// The answer to a request that is refused before a route is looked for.
pub(crate) fn refused(problem: Problem, uri: &Uri, headers: &HeaderMap) -> Response {
    finish(problem.into_response(), uri, headers.get(REQUEST_ID).cloned())
}

/// No route has this address.
pub(crate) async fn fallback(uri: Uri, request: Request) -> Response {
    let problem = Problem::new(&kind::NOT_FOUND, "no route has this address; /docs lists them all");
    refused(problem, &uri, request.headers())
}

/// The address exists, but not for this method. The router adds `Allow`.
pub(crate) async fn method_not_allowed(method: Method, uri: Uri, request: Request) -> Response {
    let problem = Problem::new(&kind::METHOD_NOT_ALLOWED, format!("{method} is not for this address"));
    refused(problem, &uri, request.headers())
}
