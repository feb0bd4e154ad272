//! The listener: accepts connections up to a limit, speaks HTTP/1.1, gives slow clients a bounded time, and
//! on a signal lets requests under way finish.
//!
//! Connections have places (`places.rs`): so many in all and for one client. Beyond them there are some for health only,
//! so that a full server still says that it lives.

mod connection;
mod held_body;
mod lingering_close;
mod places;
mod refusal;
mod serving;
mod write_timeout;

use crate::{
    edge::{ClientAddress, Sites},
    limits::Limits,
};
use axum::Router;
use hyper_util::server::graceful::GracefulShutdown;
use places::Places;
use serving::{AnsweredPaths, HttpServer};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// Before accepting again after the system refused, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections beyond the limit that are answered for health, and told that there is no place; further ones are closed
/// unanswered.
const FOR_HEALTH: usize = 256;
/// How long a connection must have been idle to give way to a new one, …
const RESTED: Duration = Duration::from_millis(100);
/// … and to be closed when the server stops: a request may be on its way.
const RESTED_AT_END: Duration = Duration::from_secs(1);

/// Serves `router` on `listener` until `stopping` is cancelled and requests under way are finished, or the
/// drain timeout has passed.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    stopping: CancellationToken,
) -> io::Result<()> {
    let (sites, graceful) = (Sites::of(limits), GracefulShutdown::new());
    let serving = Arc::new(HttpServer { router, limits: limits.clone(), sites });
    let places = Places::new(limits.connections, limits.connections_of_one_client(), RESTED);
    let for_health = Places::new(FOR_HEALTH, FOR_HEALTH, Duration::ZERO);
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let client = ClientAddress::of(peer);
        if let Some(place) = places.take(client) {
            serving.spawn(&graceful, (stream, peer), place, AnsweredPaths::All);
        } else if let Some(place) = for_health.take(client) {
            serving.spawn(&graceful, (stream, peer), place, AnsweredPaths::HealthOnly);
        }
    }
    drop(listener);
    tracing::info!("no new connections; finishing what is under way");
    let idle_ones_end = async {
        loop {
            places.give_up_idle(RESTED_AT_END);
            sleep(RESTED_AT_END / 4).await;
        }
    };
    let finished = tokio::select! {
        finished = timeout(limits.drain_timeout, graceful.shutdown()) => finished.is_ok(),
        () = idle_ones_end => false,
    };
    if !finished {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
    Ok(())
}
