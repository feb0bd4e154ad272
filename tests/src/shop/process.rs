//! The `daybook` process: how it is found, started, signalled and waited for. It dies with the tests, however
//! they end.

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// The log's files in tests: small, so that a start costs little and many files come to be.
const SEGMENT_BYTES: &str = "1048576";

/// A process of our own.
pub struct Process {
    child: Child,
    output: PathBuf,
    /// Where in `output` it began to write.
    from: usize,
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    /// None if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote.
    pub told: String,
}

/// The program under test: beside the folder of the test's own program.
#[must_use]
pub fn daybook() -> PathBuf {
    let own = std::env::current_exe().expect("a test knows its own program");
    let folder = own.parent().and_then(Path::parent).expect("tests lie in target/PROFILE/deps");
    let program = folder.join("daybook");
    assert!(
        program.is_file(),
        "{} is missing: run `cargo build --workspace --bins` first",
        program.display()
    );
    program
}

impl Process {
    /// `daybook serve` on a free port; what it writes is appended to `output`.
    pub fn serve(data: &Path, output: &Path, arguments: &[String]) -> Self {
        let mut all = vec!["serve".to_owned(), "--data".to_owned(), data.display().to_string()];
        all.extend(["--listen".to_owned(), "127.0.0.1:0".to_owned()]);
        if !arguments.iter().any(|argument| argument == "--log-segment-bytes") {
            all.extend(["--log-segment-bytes".to_owned(), SEGMENT_BYTES.to_owned()]);
        }
        all.extend_from_slice(arguments);
        Self::start(&mut Command::new("setpriv"), output, &all)
    }

    /// Starts `daybook` with these arguments by `runner`, which must be `setpriv`.
    pub fn start(runner: &mut Command, output: &Path, arguments: &[String]) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(output).expect("output can be kept");
        let from = fs::metadata(output).map_or(0, |found| found.len() as usize);
        let child = runner
            .args(["--pdeathsig", "KILL", "--"])
            .arg(daybook())
            .args(arguments)
            .env_remove("DAYBOOK_DATA")
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a file can be shared"))
            .stderr(file)
            .spawn()
            .expect("setpriv (util-linux) starts the program");
        Self { child, output: output.to_owned(), from }
    }

    /// Where it listens, as it says itself; fails the test if it ends or says nothing.
    pub async fn address(&mut self, patience: Duration) -> String {
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if let Some(at) = self.told().split(" on http://").nth(1).and_then(|rest| rest.split_once('\n')) {
                return format!("http://{}", at.0);
            }
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                panic!("daybook ended with {status}:\n{}", self.told());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("daybook does not say where it listens:\n{}", self.told());
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let kill = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status();
        assert!(kill.is_ok_and(|status| status.success()), "it could not be signalled");
    }

    /// Ends it with -9.
    pub fn kill(mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
    }

    /// Asks it to end with a SIGTERM and waits.
    pub async fn stop(self, patience: Duration) -> Ended {
        self.signal("TERM");
        self.ended(patience).await
    }

    /// Waits until it ends by itself.
    pub async fn ended(mut self, patience: Duration) -> Ended {
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return Ended { code: status.code(), told: self.told() };
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("daybook does not end:\n{}", self.told());
    }

    fn told(&self) -> String {
        let all = fs::read(&self.output).unwrap_or_default();
        String::from_utf8_lossy(all.get(self.from..).unwrap_or_default()).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("what the server had to say:\n{}", self.told());
        }
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
