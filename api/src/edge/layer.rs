//! What stands between the network and every handler: a time limit, a net for panics, the rendering of
//! problems, and measurements. One wrapper per route, so that its metrics are looked up once, at start.

use super::loopback::{self, Outside};
use crate::problem::{Problem, kind};
use axum::{
    extract::Request,
    handler::Handler,
    http::{HeaderValue, Method, Uri, header},
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use metrics::{Counter, Histogram, counter, histogram};
use std::{
    panic::AssertUnwindSafe,
    pin::Pin,
    time::{Duration, Instant},
};

const REQUEST_ID: &str = "x-request-id";
/// An answer slower than this is worth a line in the log.
const SLOW: Duration = Duration::from_secs(1);

/// A route's identity and its metrics.
#[derive(Clone)]
pub(crate) struct Route {
    path: &'static str,
    seconds: Histogram,
    /// Answers by hundreds of their status.
    answers: [Counter; 6],
    time_limit: Duration,
    /// Answers to the loopback interface only.
    inside_only: bool,
}

impl Route {
    pub(crate) fn new(method: &Method, path: &'static str, time_limit: Duration, inside_only: bool) -> Self {
        let method = method.to_string();
        let count = |class: &'static str| counter!("daybook_http_requests_total", "method" => method.clone(), "route" => path, "status" => class);
        Self {
            path,
            seconds: histogram!("daybook_http_request_seconds", "method" => method.clone(), "route" => path),
            answers: ["other", "1xx", "2xx", "3xx", "4xx", "5xx"].map(count),
            time_limit,
            inside_only,
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
}

/// A handler with its edge.
#[derive(Clone)]
pub(crate) struct Edge<H> {
    pub handler: H,
    pub route: Route,
}

impl<H, T, S> Handler<T, S> for Edge<H>
where
    H: Handler<T, S>,
    T: 'static,
    S: Send + 'static,
{
    type Future = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn call(self, request: Request, state: S) -> Self::Future {
        Box::pin(async move {
            let began = Instant::now();
            let uri = request.uri().clone();
            let request_id = request.headers().get(REQUEST_ID).cloned();
            let response = if self.route.inside_only && request.extensions().get::<Outside>().is_some() {
                loopback::refused().into_response()
            } else {
                let work = AssertUnwindSafe(self.handler.call(request, state)).catch_unwind();
                match tokio::time::timeout(self.route.time_limit, work).await {
                    Ok(Ok(response)) => response,
                    Ok(Err(_)) => {
                        Problem::new(&kind::INTERNAL, "the server failed to answer").into_response()
                    }
                    Err(_) => {
                        Problem::new(&kind::TOO_SLOW, "the server did not answer in time").into_response()
                    }
                }
            };
            let response = finish(response, &uri, request_id);
            self.route.measure(&response, began.elapsed());
            response
        })
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
            tell(&problem, uri, &shown);
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

/// What is broken is an error in the server's log. What load or the client's own wish led to is not: an overloaded
/// server would write a line for each request it refuses. Nor is that a server is not ready yet, when a probe asks
/// every second. Both are counted like every other problem.
fn tell(problem: &Problem, uri: &Uri, request_id: &str) {
    let (kind, detail) = (problem.kind.name, &problem.detail);
    let of_load = [&kind::OVERLOADED, &kind::DEADLINE_PASSED, &kind::NOT_REACHED, &kind::ROLE_NOT_HERE];
    if of_load.iter().any(|of_load| of_load.name == kind) || uri.path() == "/readyz" {
        tracing::debug!(problem = kind, request_id, detail, "request refused");
    } else {
        tracing::error!(problem = kind, request_id, detail, "request failed");
    }
}

/// No route has this address.
pub(crate) async fn fallback(uri: Uri, request: Request) -> Response {
    let request_id = request.headers().get(REQUEST_ID).cloned();
    let problem = Problem::new(&kind::NOT_FOUND, "no route has this address; /docs lists them all");
    finish(problem.into_response(), &uri, request_id)
}

/// The address exists, but not for this method. The router adds `Allow`.
pub(crate) async fn method_not_allowed(method: Method, uri: Uri, request: Request) -> Response {
    let request_id = request.headers().get(REQUEST_ID).cloned();
    let problem = Problem::new(&kind::METHOD_NOT_ALLOWED, format!("{method} is not for this address"));
    finish(problem.into_response(), &uri, request_id)
}
