//! A route as one literal, and the collection of all routes. No field has a default: a route without description,
//! limits or access declaration does not compile.

use crate::{
    access::{Access, Load, Owner, RequestLimits, Retry},
    app::App,
    auth::Gate,
    describe::{Described, Description},
    edge::{RouteLayer, RouteMetrics, fallback, method_not_allowed},
    problem::{Problem, ProblemKind, kind},
    roles::{NodeRole, Roles},
};
use axum::{
    Router,
    handler::Handler,
    http::Method,
    routing::{MethodFilter, on},
};
use std::{fmt::Write as _, sync::Arc, time::Duration};

/// A route: path, handler, declarations and description. `D` is the description that the handler's answers need.
pub(crate) struct Route<H, D> {
    pub method: Method,
    pub path: &'static str,
    pub handler: H,
    pub version: ApiVersion,
    pub access: Access,
    pub owner: Owner,
    pub retry: Retry,
    pub limits: RequestLimits,
    pub load: Load,
    pub doc: Doc<D>,
}

/// A version of the interface. A breaking change of a route is a second route with the next version, under a path that
/// begins with it; additions are free.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApiVersion {
    /// Paths without a version.
    V1,
}

impl ApiVersion {
    const fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
        }
    }
}

/// What only people can say of a route.
pub(crate) struct Doc<D> {
    /// The operation's id in the document.
    pub id: &'static str,
    /// The topic it is listed under.
    pub tag: &'static str,
    pub summary: &'static str,
    /// What the summary leaves open; empty: nothing.
    pub text: &'static str,
    /// Business problems, beside those that its arguments and answers bring.
    pub problems: &'static [&'static ProblemKind],
    pub answers: D,
}

/// What can be wrong with any request, before a route is looked for.
const OF_EVERY_ADDRESS: &[&ProblemKind] = &[
    &kind::NOT_HTTP,
    &kind::INVALID_PARAMETER,
    &kind::HEAD_TOO_LARGE,
    &kind::UNSUPPORTED_MEDIA_TYPE,
    &kind::UNKNOWN_TRANSFER_CODING,
    &kind::TOO_MANY_CONNECTIONS,
];

/// A route as it was added, without its handler.
pub(crate) struct Registered {
    pub method: Method,
    pub path: &'static str,
    pub version: ApiVersion,
    pub access: Access,
    pub owner: Owner,
    pub retry: Retry,
    pub limits: RequestLimits,
    pub load: Load,
    pub id: &'static str,
    pub tag: &'static str,
    pub summary: &'static str,
    pub text: &'static str,
    pub description: Description,
}

/// The routes of the interface.
pub(crate) struct Routes {
    router: Router<Arc<App>>,
    registered: Vec<Registered>,
    time_limit: Duration,
    roles: Roles,
    gate: Arc<Gate>,
}

impl Routes {
    /// No routes yet. Those of roles that are not among `roles` will refuse.
    pub(crate) fn new(time_limit: Duration, roles: Roles, gate: Arc<Gate>) -> Self {
        Self { router: Router::new(), registered: Vec::new(), time_limit, roles, gate }
    }

    /// Adds a route, with its layer and its description.
    pub(crate) fn add<H, T>(mut self, route: Route<H, H::Docs>) -> Self
    where
        H: Handler<T, Arc<App>> + Described<T>,
        T: 'static,
    {
        let Route { method, path, handler, version, access, owner, retry, limits, load, doc } = route;
        let Doc { id, tag, summary, text, problems, answers } = doc;
        let mut description = H::describe(&answers);
        description.problems.extend_from_slice(problems);
        // Of the layer that every route has.
        description.problems.extend_from_slice(&[&kind::INTERNAL, &kind::TOO_SLOW]);
        description.problems.extend_from_slice(OF_EVERY_ADDRESS);
        // Wrong credentials are told of also where none are needed.
        description.problems.extend_from_slice(&[
            &kind::UNAUTHENTICATED,
            &kind::UNAVAILABLE,
            &kind::NEWER_PROGRAM,
        ]);
        if access.needed().is_some() {
            description.problems.push(&kind::MISSING_SCOPE);
        }
        if access.is_loopback_only() {
            description.problems.push(&kind::LOOPBACK_ONLY);
        }
        let filter = MethodFilter::try_from(method.clone()).expect("only methods that axum routes are used");
        let metrics = Arc::new(RouteMetrics::new(&method, path, &description));
        let (time_limit, roles, gate) = (self.time_limit, self.roles, self.gate.clone());
        // Commands, and nothing else: what an operator asks is not recorded, and bulk requests do not nest.
        let takes_lines = retry == Retry::Key;
        let missing = description.needs.filter(|needed| !roles.has(*needed));
        self.router = match missing {
            None => self.router.route(
                path,
                on(filter, RouteLayer { handler, metrics, time_limit, access, gate, takes_lines }),
            ),
            Some(needed) => {
                let handler = async move || -> Result<(), Problem> { Err(not_here(needed, roles)) };
                self.router.route(
                    path,
                    on(filter, RouteLayer { handler, metrics, time_limit, access, gate, takes_lines }),
                )
            }
        };
        self.registered.push(Registered {
            method,
            path,
            version,
            access,
            owner,
            retry,
            limits,
            load,
            id,
            tag,
            summary,
            text,
            description,
        });
        self
    }

    /// The router, and what it can do.
    pub(crate) fn finish(self) -> (Router<Arc<App>>, Vec<Registered>) {
        let router = self.router.fallback(fallback).method_not_allowed_fallback(method_not_allowed);
        (router, self.registered)
    }
}

fn not_here(needed: NodeRole, here: Roles) -> Problem {
    let needed = needed.name();
    let detail = format!("this node does {here}; ask a node that does {needed}");
    Problem::new(&kind::ROLE_NOT_HERE, detail).with("role", needed).with("roles", here.names())
}

/// All routes on one page, a line each: what `schemas/routes.txt` holds.
pub(crate) fn page(routes: &[Registered]) -> String {
    let mut rows: Vec<[&str; 9]> =
        vec![["path", "method", "version", "access", "owner", "retry", "limits", "load", "id"]];
    let access: Vec<String> = routes.iter().map(|route| route.access.to_string()).collect();
    for (route, access) in routes.iter().zip(&access) {
        rows.push([
            route.path,
            route.method.as_str(),
            route.version.name(),
            access,
            route.owner.name(),
            route.retry.name(),
            route.limits.name(),
            route.load.name(),
            route.id,
        ]);
    }
    rows[1..].sort_unstable();
    let widths: [usize; 9] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0));
    let mut page = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        page.push_str(line.trim_end());
        page.push('\n');
    }
    page
}
