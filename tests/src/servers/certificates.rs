//! An authority of our own for one test, and what it vouches for: made by `openssl` when the test runs, so that no key lies
//! in the project and none expires.

use super::User;
use anyhow::{Context as _, bail};
use std::path::{Path, PathBuf};

/// An authority, in a folder that is removed with it.
pub struct Authority {
    folder: PathBuf,
}

/// A certificate with its key, in PEM.
pub struct Certificate {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Keys that are made quickly.
const KEY: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

impl Authority {
    pub fn new() -> anyhow::Result<Self> {
        let authority =
            Self { folder: tempfile::Builder::new().prefix("daybook-authority-").tempdir()?.keep() };
        // Servers that run as another user read its certificate.
        std::fs::set_permissions(&authority.folder, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        let (certificate, key) = (authority.certificate(), authority.folder.join("authority.key"));
        openssl(
            &["-subj", "/CN=Authority for one test", "-addext", "keyUsage=critical,keyCertSign"],
            &[("-keyout", &key), ("-out", &certificate)],
        )?;
        Ok(authority)
    }

    /// Its own certificate: what to trust.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// Vouches for `name` at 127.0.0.1 and localhost; the files are `owner`'s.
    pub fn vouch_for(&self, name: &str, owner: User) -> anyhow::Result<Certificate> {
        self.vouch_for_hosts(name, "IP:127.0.0.1,DNS:localhost", owner)
    }

    /// Vouches for `name` at other hosts, given as `DNS:name` or `IP:address`.
    pub fn vouch_for_hosts(&self, name: &str, hosts: &str, owner: User) -> anyhow::Result<Certificate> {
        let at = |ending: &str| self.folder.join(format!("{name}.{ending}"));
        let made = Certificate { certificate: at("pem"), key: at("key") };
        let (subject, hosts) = (format!("/CN={name}"), format!("subjectAltName={hosts}"));
        let (ours, our_key) = (self.certificate(), self.folder.join("authority.key"));
        openssl(
            &["-subj", &subject, "-addext", &hosts, "-addext", "basicConstraints=critical,CA:FALSE"],
            &[("-CA", &ours), ("-CAkey", &our_key), ("-keyout", &made.key), ("-out", &made.certificate)],
        )?;
        for path in [&made.certificate, &made.key] {
            owner.own(path)?;
        }
        Ok(made)
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        // A folder that is left over harms nobody.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn openssl(options: &[&str], files: &[(&str, &Path)]) -> anyhow::Result<()> {
    let mut command = std::process::Command::new("openssl");
    command.args(["req", "-x509", "-nodes", "-days", "2"]).args(KEY).args(options);
    for (option, path) in files {
        command.arg(option).arg(path);
    }
    let output = command.output().context("running openssl; PostgreSQL's packages bring it")?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
