//! A real PostgreSQL, started from the binaries of this machine. One server per test program is enough:
//! [`shared`]; every test takes a database of its own: [`PostgresServer::database`].

use super::{Guarded, User, certificates::Authority, free_port};
use anyhow::{Context as _, bail};
use parking_lot::Mutex;
use sqlx::{Connection as _, PgConnection};
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tokio::sync::OnceCell;

/// A running server with a superuser `daybook` that needs no password.
pub struct PostgresServer {
    user: User,
    folder: PathBuf,
    port: u16,
    settings: Vec<String>,
    password: Option<String>,
    authority: Option<Authority>,
    process: Mutex<Option<Guarded>>,
    /// Copies of its data.
    copies: Mutex<Vec<PathBuf>>,
}

/// The server that all tests of this program share; do not stop it.
pub async fn shared() -> anyhow::Result<&'static PostgresServer> {
    static SERVER: OnceCell<PostgresServer> = OnceCell::const_new();
    SERVER.get_or_try_init(|| PostgresServer::start(&[])).await
}

/// A new database on the shared server, as a URL.
pub async fn database() -> anyhow::Result<String> {
    shared().await?.database().await
}

impl PostgresServer {
    /// Starts a server of its own, with `settings` like `fsync=off`.
    pub async fn start(settings: &[&str]) -> anyhow::Result<Self> {
        let user = User::unprivileged("postgres")?;
        let folder = user.folder("daybook-postgres-")?;
        run(user.command(binary("initdb")?).arg("--pgdata").arg(&folder).arg("--auth=trust").args(INITDB))?;
        Self::run(user, folder, settings, None).await
    }

    /// Starts a server that wants a password and speaks TLS; who vouches for it is in [`Self::certificate`].
    pub async fn start_guarded(password: &str) -> anyhow::Result<Self> {
        let user = User::unprivileged("postgres")?;
        let (folder, keys) = (user.folder("daybook-postgres-")?, user.folder("daybook-postgres-keys-")?);
        let secret = keys.join("password");
        std::fs::write(&secret, password)?;
        let mut initdb = user.command(binary("initdb")?);
        initdb
            .arg("--pgdata")
            .arg(&folder)
            .arg("--auth=scram-sha-256")
            .args(INITDB)
            .arg("--pwfile")
            .arg(&secret);
        run(&mut initdb)?;
        std::fs::remove_dir_all(&keys)?;
        let authority = Authority::new()?;
        let made = authority.vouch_for("server", user)?;
        let certificate = format!("ssl_cert_file={}", made.certificate.display());
        let key = format!("ssl_key_file={}", made.key.display());
        let mut server =
            Self::run(user, folder, &["ssl=on", &certificate, &key], Some(password.to_owned())).await?;
        server.authority = Some(authority);
        Ok(server)
    }

    async fn run(
        user: User,
        folder: PathBuf,
        settings: &[&str],
        password: Option<String>,
    ) -> anyhow::Result<Self> {
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let (port, process) = (free_port()?, Mutex::new(None));
        let copies = Mutex::default();
        let server = Self { user, folder, port, settings, password, authority: None, process, copies };
        server.start_again().await?;
        Ok(server)
    }

    /// The certificate of the authority that vouches for the server.
    pub fn certificate(&self) -> PathBuf {
        self.authority.as_ref().expect("it was started guarded").certificate()
    }

    /// Starts a server that was stopped, on the port and the data it had.
    pub async fn start_again(&self) -> anyhow::Result<()> {
        let mut arguments = vec!["-D".to_owned(), self.folder.display().to_string()];
        let own = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=300",
            "max_wal_size=2GB",
        ];
        let port = format!("port={}", self.port);
        for setting in own.into_iter().chain([port.as_str()]).chain(self.settings.iter().map(String::as_str))
        {
            arguments.extend(["-c".to_owned(), setting.to_owned()]);
        }
        let process = Guarded::start(self.user, &self.folder, "INT", &binary("postgres")?, &arguments)?;
        *self.process.lock() = Some(process);
        for _ in 0..600 {
            if let Ok(connection) = PgConnection::connect(&self.url("postgres")).await {
                connection.close().await?;
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let output = std::fs::read_to_string(self.folder.join("output.txt")).unwrap_or_default();
        bail!("PostgreSQL did not start: {output}")
    }

    /// Stops the server, cutting its connections, and keeps its data.
    pub fn stop(&self) -> anyhow::Result<()> {
        let process = self.process.lock().take();
        process.map_or(Ok(()), Guarded::stop)
    }

    /// Copies the data of a server that is stopped, to go back to it: as it is after a restore, or after a standby took over
    /// that was behind.
    pub fn backup(&self) -> anyhow::Result<PathBuf> {
        let place = self.user.folder("daybook-postgres-backup-")?;
        let copy = place.join("data");
        self.copies.lock().push(place);
        run(self.user.command("cp").arg("-a").arg(&self.folder).arg(&copy))?;
        Ok(copy)
    }

    /// Gives a server that is stopped the data of a copy, and answers with a copy of what it had.
    pub fn restore(&self, copy: &Path) -> anyhow::Result<PathBuf> {
        let had = self.backup()?;
        run(self
            .user
            .command("sh")
            .arg("-c")
            .arg("rm -rf \"$1\" && cp -a \"$2\" \"$1\"")
            .arg("sh")
            .args([self.folder.as_path(), copy]))?;
        Ok(had)
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        let secret = self.password.as_ref().map(|password| format!(":{password}")).unwrap_or_default();
        format!("postgres://daybook{secret}@127.0.0.1:{}/{database}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Creates an empty database and answers its URL.
    pub async fn database(&self) -> anyhow::Result<String> {
        let name = format!("d{}", uuid::Uuid::new_v4().simple());
        let mut connection = PgConnection::connect(&self.url("postgres")).await?;
        sqlx::query(&format!("CREATE DATABASE {name}")).execute(&mut connection).await?;
        connection.close().await?;
        Ok(self.url(&name))
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        drop(self.process.lock().take());
        // The guard has removed it already, unless the server was stopped to be started again.
        let _ = std::fs::remove_dir_all(&self.folder);
        for copy in self.copies.lock().drain(..) {
            let _ = std::fs::remove_dir_all(copy);
        }
    }
}

const INITDB: [&str; 4] = ["--username=daybook", "--encoding=UTF8", "--locale=C", "--no-sync"];

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output()?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Debian keeps the binaries of each version aside; others have them in the path.
fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let found = folders.iter().map(|folder| folder.join(name)).find(|path: &PathBuf| Path::is_file(path));
    found.with_context(|| {
        format!("{name} is not installed; tests/run installs it: apt-get install postgresql")
    })
}
