//! One PostgreSQL server and the database on it that a URL names. Opens connections for whoever keeps something there:
//! the event log, leases, the read store. Says nothing of tables and of what a session is to be set to.

use futures::TryFutureExt;
use sqlx::{
    ConnectOptions, Connection, Executor, PgConnection,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use std::{fmt, str::FromStr, time::Duration};

/// The oldest server with `gen_random_uuid()` built in.
const OLDEST_SERVER: i32 = 13;

/// A server and a database, with TLS as the URL says (`sslmode`, `sslrootcert`, `sslcert`, `sslkey`). Cheap to clone.
#[derive(Clone)]
pub struct PostgresServer {
    options: PgConnectOptions,
    place: String,
}

/// A text that is no URL of a PostgreSQL database.
#[derive(Debug)]
pub struct InvalidUrl {
    detail: String,
}

impl fmt::Display for InvalidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; expected postgres://user:password@host:port/database", self.detail)
    }
}

impl std::error::Error for InvalidUrl {}

/// Why a connection could not be opened.
#[derive(Debug)]
pub enum ConnectError {
    /// The server, or the way to it, refused.
    Refused(sqlx::Error),
    /// There was no answer in time.
    Silent,
}

/// What a server says of itself.
#[derive(Debug, Clone)]
pub struct ServerFacts {
    version_number: i32,
    version: String,
    encoding: String,
    syncs: bool,
    is_standby: bool,
    is_read_only: bool,
}

impl PostgresServer {
    /// The server and database at `url`. `application` is what the server shows of our sessions.
    ///
    /// # Errors
    /// [`InvalidUrl`]; the password is not part of its message.
    pub fn new(url: &str, application: &str) -> Result<Self, InvalidUrl> {
        let options = PgConnectOptions::from_str(url).map_err(|e| InvalidUrl { detail: e.to_string() })?;
        let options = options.application_name(application).disable_statement_logging();
        let place = place(&options);
        Ok(Self { options, place })
    }

    /// The server and database as a person would name them, without credentials.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Opens a connection and sets up its session with the statements of `session`.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(&self, session: &str, within: Duration) -> Result<PgConnection, ConnectError> {
        let connecting = async {
            let mut connection = self.options.connect().await?;
            connection.execute(session).await?;
            Ok(connection)
        };
        match tokio::time::timeout(within, connecting).await {
            Ok(opened) => opened.map_err(ConnectError::Refused),
            Err(_) => Err(ConnectError::Silent),
        }
    }

    /// Opens a connection that receives the notifications of `channel`.
    ///
    /// # Errors
    /// Those of the server, and of the way to it.
    pub async fn listen(
        &self,
        channel: &str,
        session: &'static str,
        within: Duration,
    ) -> Result<PgListener, sqlx::Error> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(within)
            .after_connect(move |connection, _| Box::pin(connection.execute(session).map_ok(drop)))
            .connect_lazy_with(self.options.clone());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(channel).await?;
        Ok(listener)
    }
}

impl ServerFacts {
    /// Asks the server.
    ///
    /// # Errors
    /// Those of the server, and of the way to it.
    pub async fn of(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let asked = "SELECT current_setting('server_version_num')::int, current_setting('server_version'), \
                     current_setting('server_encoding'), current_setting('fsync') = 'on', \
                     pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'";
        let (version_number, version, encoding, syncs, is_standby, is_read_only) =
            sqlx::query_as(asked).fetch_one(connection).await?;
        Ok(Self { version_number, version, encoding, syncs, is_standby, is_read_only })
    }

    /// Whether a commit that was answered survives a power cut.
    #[must_use]
    pub const fn syncs(&self) -> bool {
        self.syncs
    }

    /// Whether the server can be read by us.
    ///
    /// # Errors
    /// The message says what to do.
    pub fn can_be_read(&self) -> Result<(), String> {
        let Self { version_number, version, encoding, .. } = self;
        if *version_number < OLDEST_SERVER * 10_000 {
            return Err(format!(
                "the server is PostgreSQL {version}; {OLDEST_SERVER} or newer is needed, so upgrade it or name another"
            ));
        }
        if encoding != "UTF8" {
            return Err(format!(
                "the database has encoding {encoding}; make one that can hold every text: createdb --encoding UTF8 --template template0 NAME"
            ));
        }
        Ok(())
    }

    /// Whether the server can also be written to by us.
    ///
    /// # Errors
    /// The message says what to do.
    pub fn can_be_written(&self) -> Result<(), String> {
        self.can_be_read()?;
        takes_writes(self.is_standby, self.is_read_only).map_err(str::to_owned)
    }
}

/// Whether a server takes writes; what to do if not.
pub(crate) const fn takes_writes(standby: bool, read_only: bool) -> Result<(), &'static str> {
    if standby {
        return Err("the server is a standby and takes no writes; name the primary");
    }
    if read_only {
        return Err(
            "the server or this user is set to read only and takes no writes (default_transaction_read_only); set it to off, or name another server",
        );
    }
    Ok(())
}

/// Closes a connection with a goodbye where that is possible at once.
pub(crate) async fn close(connection: PgConnection) {
    let goodbye = tokio::time::timeout(Duration::from_secs(1), connection.close()).await;
    if !matches!(goodbye, Ok(Ok(()))) {
        tracing::debug!("a connection to Postgres was dropped without a goodbye");
    }
}

fn place(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    match options.get_socket() {
        Some(socket) => format!("postgres:{}:{}/{database}", socket.display(), options.get_port()),
        None => format!("postgres://{}:{}/{database}", options.get_host(), options.get_port()),
    }
}

/// Without the password.
impl fmt::Debug for PostgresServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresServer").field("place", &self.place).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let server = PostgresServer::new("postgres://shop:s3cret@db.example:5433/orders", "test").unwrap();
        let shown = format!("{server:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(shown.contains("postgres://db.example:5433/orders"), "{shown}");
    }

    #[test]
    fn a_wrong_url_is_refused_with_the_form_that_is_right_and_without_its_password() {
        let error = PostgresServer::new("mysql//:s3cret", "test").unwrap_err().to_string();
        assert!(error.contains("postgres://user:password@host:port/database"), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }

    #[test]
    fn servers_that_cannot_be_used_are_refused_with_what_to_do() {
        let fit = ServerFacts {
            version_number: 150_018,
            version: "15.18".to_owned(),
            encoding: "UTF8".to_owned(),
            syncs: true,
            is_standby: false,
            is_read_only: false,
        };
        assert_eq!(fit.can_be_written(), Ok(()));
        let refused = |facts: ServerFacts, what: &str| {
            let refusal = facts.can_be_written().unwrap_err();
            assert!(refusal.contains(what), "{refusal}");
        };
        let old = ServerFacts { version_number: 120_022, version: "12.22".to_owned(), ..fit.clone() };
        refused(old, "13 or newer");
        refused(ServerFacts { encoding: "SQL_ASCII".to_owned(), ..fit.clone() }, "createdb --encoding UTF8");
        let standby = ServerFacts { is_standby: true, is_read_only: true, ..fit.clone() };
        assert_eq!(standby.can_be_read(), Ok(()));
        refused(standby, "name the primary");
        refused(ServerFacts { is_read_only: true, ..fit }, "read only");
    }
}
