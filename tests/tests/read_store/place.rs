//! Where the read models of these tests have their rows: each directory stands for a database of its own, whose URL is
//! in a file there, so that a process that is to be killed finds it, too.

use daybook_projections::{Options, ReadServer};
use daybook_tests::servers::postgres::database;
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::{path::Path, sync::OnceLock, time::Duration};
use tokio::runtime::{Builder, Runtime};

/// Connections belong to the runtime that opened them, so all queries of a test are asked on one.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap())
}

/// What a query answers.
pub(crate) fn now<T>(query: impl Future<Output = T>) -> T {
    runtime().block_on(query)
}

/// The database of `dir`.
pub(crate) fn url(dir: &Path) -> String {
    let known = dir.join("server-url");
    std::fs::read_to_string(&known).unwrap_or_else(|_| {
        let url = now(database()).unwrap();
        std::fs::write(known, &url).unwrap();
        url
    })
}

/// Read models on the server at `url`, without search.
pub(crate) fn on(url: &str) -> Options {
    let server = ReadServer { url: url.to_owned(), patience: Duration::from_secs(30) };
    Options { server: Some(server), ..Options::default() }
}

/// Read models in `dir`, without search.
pub(crate) fn options(dir: &Path) -> Options {
    on(&url(dir))
}

/// Removes all that read models have kept for `dir`.
pub(crate) fn remove(dir: &Path) {
    now(execute(&url(dir), "DROP SCHEMA daybook_read CASCADE"));
}

/// Says something to a server, as an operator would.
pub(crate) async fn execute(url: &str, statement: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute(statement).await.unwrap();
    connection.close().await.unwrap();
}
