//! One connection: the requests on it, until it ends, gives way to another, or is cut off.

use super::{
    connection::Connection,
    held_body::HeldBody,
    lingering_close::{CloseReason, close},
    places::HeldPlace,
    write_timeout::WriteTimeout,
};
use crate::{
    edge::{Client, ClientAddress, RemotePeer, Sites, refused},
    limits::{Limits, RecordFor},
    problem::{Problem, kind},
};
use axum::{Router, body::Body};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use parking_lot::Mutex;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::net::TcpStream;
use tower::Service;

/// Buffer for a request's head, and for what is read of a body at a time.
const READ_BUFFER_BYTES: usize = 64 << 10;
/// How long a head may take to arrive on a connection that is answered for health only.
const HEALTH_HEAD_TIMEOUT: Duration = Duration::from_secs(1);
/// What says whether the server lives: answered also when all connections are in use.
const OF_HEALTH: [&str; 3] = ["/livez", "/readyz", "/metrics"];

/// What is answered on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnsweredPaths {
    All,
    /// All connections are in use: health is answered, everything else is refused.
    HealthOnly,
}

/// What all connections have in common.
pub(super) struct HttpServer {
    pub(super) router: Router,
    pub(super) limits: Limits,
    pub(super) sites: Sites,
}

/// The place was given to another connection before the request was read.
#[derive(Debug, thiserror::Error)]
#[error("the connection gave way to another")]
struct GivenUp;

impl HttpServer {
    /// Serves a connection in a task of its own.
    pub(super) fn spawn(
        self: &Arc<Self>,
        graceful: &GracefulShutdown,
        (stream, peer): (TcpStream, SocketAddr),
        held: HeldPlace,
        answers: AnsweredPaths,
    ) {
        // AnsweredPaths are small and complete; waiting to fill a packet only delays them.
        drop(stream.set_nodelay(true));
        let local = stream.local_addr().ok().map(|local| local.ip());
        let remote = RemotePeer::of(peer).filter(|_| self.limits.record_for == RecordFor::Loopback);
        let socket = Arc::new(Mutex::new(stream));
        let client = Client::new(ClientAddress::of(peer), socket.clone());
        let (serving, place) = (self.clone(), held.place().clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let (serving, client) = (serving.clone(), client.clone());
            let under_way = place.begin_request();
            async move {
                let Some(under_way) = under_way else { return Err(GivenUp) };
                let mut request = request.map(Body::new);
                if let Some(remote) = remote {
                    request.extensions_mut().insert(remote);
                }
                let answer = client.served_by(serving.answer(request, local, answers)).await;
                Ok(answer.map(|body| HeldBody::new(body, under_way)))
            }
        });
        let (stream, handed_back) = Connection::new(WriteTimeout::new(socket, self.limits.write_timeout));
        let connection = self.http(answers).serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        let open = metrics::gauge!("daybook_http_connections");
        open.increment(1.0);
        tokio::spawn(async move {
            let refusal = tokio::select! {
                ended = connection => match (ended, answers) {
                    (Err(error), AnsweredPaths::All) if error.is_timeout() => Some(CloseReason::LateHead),
                    (Err(error), AnsweredPaths::HealthOnly) if error.is_timeout() => Some(CloseReason::NoPlace),
                    // Broken connections are the client's affair.
                    _ => None,
                },
                () = held.place().is_given_up() => Some(CloseReason::GaveWay),
            };
            close(&handed_back, refusal).await;
            open.decrement(1.0);
            drop(held);
        });
    }

    fn http(&self, answers: AnsweredPaths) -> http1::Builder {
        let mut http = http1::Builder::new();
        let head_timeout = match answers {
            AnsweredPaths::All => self.limits.header_timeout,
            AnsweredPaths::HealthOnly => self.limits.header_timeout.min(HEALTH_HEAD_TIMEOUT),
        };
        http.timer(TokioTimer::new())
            .header_read_timeout(head_timeout)
            .keep_alive(answers == AnsweredPaths::All);
        // A client that closed only its sending side still reads.
        http.half_close(true);
        http.max_buf_size(READ_BUFFER_BYTES);
        http
    }

    async fn answer(
        &self,
        request: Request<Body>,
        local: Option<IpAddr>,
        answers: AnsweredPaths,
    ) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let refusal = if answers == AnsweredPaths::HealthOnly && !OF_HEALTH.contains(&parts.uri.path()) {
            Some(no_place())
        } else {
            self.sites.check(&parts, local).err()
        };
        if let Some(problem) = refusal {
            return refused(problem, &parts.uri, &parts.headers);
        }
        let Ok(answer) = self.router.clone().call(Request::from_parts(parts, body)).await;
        answer
    }
}

/// There is no free connection.
pub(super) fn no_place() -> Problem {
    Problem::new(&kind::TOO_MANY_CONNECTIONS, "all connections are in use; try again shortly").retry_after(1)
}
