//! The listener: accepts connections up to a limit, speaks HTTP/1.1, gives slow clients a bounded time, and
//! on a signal lets requests under way finish.

mod connection;
mod lingering_close;
mod refusal;
mod write_timeout;

use crate::{
    edge::RemotePeer,
    limits::{Limits, RecordFor},
    problem::{Problem, kind},
};
use axum::{Router, body::Body};
use connection::Connection;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use lingering_close::{close, drain};
use std::{io, sync::Arc, time::Duration};
use tokio::{io::AsyncWriteExt, net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;
use tower::Service;
use write_timeout::WriteTimeout;

/// Before accepting again after the system refused, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Buffer for a request's head, and for what is read of a body at a time.
const READ_BUFFER_BYTES: usize = 64 << 10;
/// How many clients at a time are answered that there is no free connection; further ones are closed unanswered.
const REFUSALS: usize = 256;

/// Serves `router` on `listener` until `stopping` is cancelled and requests under way are finished, or the
/// drain timeout has passed.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    stopping: CancellationToken,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let permits = Arc::new(Semaphore::new(limits.connections));
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    let open = metrics::gauge!("daybook_http_connections");
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(permit) = permits.clone().try_acquire_owned() else {
            if let Ok(permit) = refusals.clone().try_acquire_owned() {
                let stream = WriteTimeout::new(stream, limits.write_timeout);
                tokio::spawn(async move {
                    refuse(stream).await;
                    drop(permit);
                });
            }
            continue;
        };
        // Answers are small and complete; waiting to fill a packet only delays them.
        drop(stream.set_nodelay(true));
        let router = router.clone();
        let remote = RemotePeer::of(peer).filter(|_| limits.record_for == RecordFor::Loopback);
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            if let Some(remote) = remote {
                request.extensions_mut().insert(remote);
            }
            router.clone().call(request)
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout).keep_alive(true);
        // A client that closed only its sending side still reads.
        http.half_close(true);
        http.max_buf_size(READ_BUFFER_BYTES);
        let (stream, handed_back) = Connection::new(WriteTimeout::new(stream, limits.write_timeout));
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        let open = open.clone();
        open.increment(1.0);
        tokio::spawn(async move {
            // Broken connections are the client's affair.
            let late_head = connection.await.is_err_and(|error| error.is_timeout());
            close(&handed_back, late_head).await;
            open.decrement(1.0);
            drop(permit);
        });
    }
    drop(listener);
    tracing::info!("no new connections; finishing what is under way");
    if tokio::time::timeout(limits.drain_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
    Ok(())
}

/// Answers that there is no free connection, without reading the request.
async fn refuse(mut stream: WriteTimeout) {
    let problem = Problem::new(&kind::TOO_MANY_CONNECTIONS, "all connections are in use; try again shortly");
    let answer = async { stream.write_all(&refusal::written(&problem)).await };
    if matches!(tokio::time::timeout(Duration::from_secs(1), answer).await, Ok(Ok(()))) {
        drain(&mut stream).await;
    }
}
