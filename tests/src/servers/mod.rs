//! Real servers, started by the tests themselves on free ports in temporary folders, and gone when the test
//! program is gone, however it ended. One file per kind of server; this one keeps their processes.

pub mod certificates;
pub mod cuttable;
pub mod daybook;
pub mod nats;
pub mod postgres;

use anyhow::Context as _;
use std::{
    io::Write as _,
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Runs a server until our end of its input closes, because it was dropped or because our program ended, even by a
/// signal. Then stops the server and removes its folder, unless it was told to keep it.
const GUARD: &str = r#"folder=$1; signal=$2; shift 2
"$@" </dev/null & server=$!
read -r word
kill -"$signal" "$server" 2>/dev/null
wait "$server" 2>/dev/null
[ "$word" = keep ] || rm -rf "$folder""#;

/// A port of this machine that was free a moment ago.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The user that servers run as: ourselves, or another if we are root, since some servers refuse to be.
#[derive(Debug, Clone, Copy)]
pub struct User(Option<(u32, u32)>);

impl User {
    /// `name` if we are root and it exists, else `nobody`; ourselves if we are not root.
    pub fn unprivileged(name: &str) -> anyhow::Result<Self> {
        if id(&["-u"])? != 0 {
            return Ok(Self(None));
        }
        let name = if id(&["-u", name]).is_ok() { name } else { "nobody" };
        Ok(Self(Some((id(&["-u", name])?, id(&["-g", name])?))))
    }

    /// A command that will run as this user.
    pub fn command(self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group).current_dir("/");
        }
        command
    }

    /// Gives a file to this user.
    pub fn own(self, path: &Path) -> anyhow::Result<()> {
        if let Some((user, group)) = self.0 {
            std::os::unix::fs::chown(path, Some(user), Some(group))?;
        }
        Ok(())
    }

    /// A new temporary folder that this user owns; whoever asks for it removes it.
    pub fn folder(self, prefix: &str) -> anyhow::Result<PathBuf> {
        let folder = tempfile::Builder::new().prefix(prefix).tempdir()?.keep();
        self.own(&folder)?;
        Ok(folder)
    }
}

fn id(arguments: &[&str]) -> anyhow::Result<u32> {
    let output = Command::new("id").args(arguments).output().context("running id")?;
    anyhow::ensure!(output.status.success(), "id {arguments:?} failed");
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// A server's process under guard.
pub struct Guarded {
    guard: Child,
}

impl Guarded {
    /// Starts `program`; `signal` is how it is asked to stop, `folder` what is removed afterwards.
    pub fn start(
        user: User,
        folder: &Path,
        signal: &str,
        program: &Path,
        arguments: &[String],
    ) -> anyhow::Result<Self> {
        let output = std::fs::File::create(folder.join("output.txt"))?;
        let guard = user
            .command("/bin/sh")
            .args(["-c", GUARD, "guard"])
            .arg(folder)
            .arg(signal)
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            // Ctrl-C in a terminal ends the tests; the guard then ends the server.
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        Ok(Self { guard })
    }

    /// Stops the server and keeps its folder.
    pub fn stop(mut self) -> anyhow::Result<()> {
        if let Some(input) = &mut self.guard.stdin {
            input.write_all(b"keep\n")?;
        }
        self.guard.wait()?;
        Ok(())
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // It is on its way out; whether it could be waited for changes nothing.
        let _ = self.guard.wait();
    }
}
