//! A disk that is full, for real: a small file system of our own. Mounting one needs root, or `sudo` that does not ask. Where
//! neither is to be had the test says so, and shows the same of the log alone, on a simulated disk. Where one could have been
//! had (in CI, as root) and is refused, it fails: a test that shows less than it could is not a test that passed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use daybook_event_log::{
    Append, EmbeddedLog, EmbeddedOptions, EventLog, ExpectedVersion, LogError, StreamId, contract,
    simulation::SimulatedDisk,
};
use daybook_tests::shop::{Answer, TestShop};
use serde_json::{Value, json};
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

/// A mounted tmpfs; unmounted when dropped.
struct SmallDisk {
    at: PathBuf,
    by_sudo: bool,
}

impl SmallDisk {
    fn mount(at: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mut refused = Vec::new();
        for by_sudo in [false, true] {
            // The test writes to it as whoever it runs as.
            let mut mount = command(by_sudo, "mount");
            mount.args(["-t", "tmpfs", "-o", &format!("size={size},mode=1777"), "tmpfs"]);
            match mount.arg(at).output() {
                Ok(output) if output.status.success() => return Some(Self { at: at.to_owned(), by_sudo }),
                Ok(output) => refused.push(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
                Err(error) => refused.push(error.to_string()),
            }
        }
        say_why_not(&refused.join("; "))
    }
}

fn command(by_sudo: bool, program: &str) -> Command {
    if !by_sudo {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.args(["-n", program]);
    command
}

/// Whether a mount is to be expected here: CI can be given the right to it, and root has it outside of a container.
fn could_have_been_mounted() -> bool {
    let is_root =
        Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    is_root || std::env::var_os("CI").is_some_and(|value| !value.is_empty())
}

/// Said past the test runner, which keeps the output of tests that pass to itself.
fn say_why_not(reason: &str) -> Option<SmallDisk> {
    assert!(
        !could_have_been_mounted(),
        "full_disk: no file system can be mounted here ({reason}), though this is CI or root: give the container \
         CAP_SYS_ADMIN (docker run --cap-add SYS_ADMIN), or run as a user who is not root and without CI set to show it \
         of the log alone"
    );
    let said = "full_disk: no file system can be mounted here, so only the log is shown, on a simulated disk";
    std::io::stderr().write_all(format!("{said}: {reason}\n").as_bytes()).unwrap();
    None
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, since a killed server may not be quite gone.
        let _ = command(self.by_sudo, "umount").arg("-l").arg(&self.at).status();
    }
}

/// Writes until there is not a byte left.
fn fill_to_the_brim(ballast: &Path) {
    let mut file = fs::File::create_new(ballast).unwrap();
    for size in [1 << 20, 1 << 10, 1] {
        let zeros = vec![0; size];
        while file.write_all(&zeros).is_ok() {}
    }
}

/// Descriptions are the bulk of a catalog, so they fill a disk soonest.
fn product(number: u32, round: u32) -> Value {
    json!({ "state": "draft", "title": format!("Product {round}"),
        "description": format!("{round} ").repeat(2_000),
        "variants": [{ "sku": format!("BIG-{number}"), "prices": [] }] })
}

/// Fills the disk with large events, then what is left of the log's last file with small ones.
async fn fill(shop: &TestShop) {
    for round in 0..5_000 {
        let number = round % 7;
        let large = shop.put(&format!("/products/p-{number}"), product(number, round)).await;
        if matches!(large.status, 200 | 201) {
            continue;
        }
        large.problem(507, "log-full");
        for _ in 0..200 {
            let small = buy_a_mug(shop).await;
            if small.status != 201 {
                small.problem(507, "log-full");
                return;
            }
        }
    }
    panic!("the disk is never full");
}

async fn buy_a_mug(shop: &TestShop) -> Answer {
    shop.post("/carts", json!({ "currency": "GBP", "lines": [{ "sku": "MUG", "quantity": 1 }] })).await
}

async fn the_log_refuses_and_resumes_on_a_simulated_disk() {
    let disk = SimulatedDisk::new();
    let options = EmbeddedOptions { retry_full_after: Duration::from_millis(5), ..EmbeddedOptions::small() };
    let log: Arc<dyn EventLog> = Arc::new(EmbeddedLog::open_on(Arc::new(disk.clone()), options).unwrap());
    let stream = StreamId::new("product", "mug").unwrap();
    let append = async |number: u128| {
        let mut event = contract::event(number);
        event.payload = format!("{{\"text\":\"{}\"}}", "x".repeat(50_000)).into_bytes().into();
        log.append(vec![Append {
            stream: stream.clone(),
            expected: ExpectedVersion::Any,
            events: vec![event],
        }])
        .await
    };
    append(1).await.unwrap();
    disk.limit_bytes(Some(0));
    let mut written = 1;
    let refused = loop {
        match append(written + 1).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, LogError::Full { .. }), "{refused:?}");
    assert_eq!(contract::everything(&log).await.len() as u128, written, "reads go on");
    disk.limit_bytes(None);
    for _ in 0..500 {
        if append(written + 1).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the log never took events again");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mount_the_log_itself_shows_it() {
    the_log_refuses_and_resumes_on_a_simulated_disk().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_commands_are_507_reads_go_on_and_all_resumes_with_room() {
    let folder = TempDir::new().unwrap();
    let disk = folder.path().join("disk");
    let Some(mounted) = SmallDisk::mount(&disk, "40m") else {
        return the_log_refuses_and_resumes_on_a_simulated_disk().await;
    };
    let mut shop = TestShop::start_in(folder, disk.join("data"), &[]).await;
    let _ = shop.put_product("MUG", 1299).await;
    let _ = shop.receive("MUG", 5).await;
    shop.settled().await;
    let ballast = disk.join("ballast");
    fill_to_the_brim(&ballast);

    // What the log's file still takes, the read models show but cannot write: soon they stop, and say so.
    fill(&shop).await;
    let stopped = |answer: &Answer| answer.status == 503 && answer.text().contains("the read models stopped");
    let mut unready = shop.get("/readyz").await;
    for _ in 0..300 {
        if stopped(&unready) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        unready = shop.get("/readyz").await;
    }
    assert!(stopped(&unready), "{}", unready.text());
    let head = shop.head().await;
    for _ in 0..5 {
        let _ = shop.get("/products/p-MUG").await.expect(200);
        let _ = shop.get("/inventory/MUG").await.expect(200);
        buy_a_mug(&shop).await.problem(507, "log-full");
    }
    assert_eq!(shop.head().await, head, "a refused command wrote something");
    let _ = shop.get("/livez").await.expect(200);

    fs::remove_file(&ballast).unwrap();
    // A large event needs a new file, so it shows that one could be made.
    let mut resumed = shop.put("/products/p-8", product(8, 8)).await;
    for _ in 0..300 {
        if matches!(resumed.status, 200 | 201) {
            break;
        }
        resumed.problem(507, "log-full");
        tokio::time::sleep(Duration::from_millis(20)).await;
        resumed = shop.put("/products/p-8", product(8, 8)).await;
    }
    let _ = resumed.done();
    shop.ready().await;
    let cart = shop.cart(&[("MUG", 2)]).await;
    let _ = shop.checkout(&cart, "tok_visa").await.expect(201);
    shop.settled().await;
    shop.stop().await;
    shop.restart().await;
    shop.settled().await;
    assert_eq!(shop.stock("MUG").await["reserved"], 2);
    shop.stop().await;
    // The shop's folder can go only when nothing is mounted in it.
    drop(mounted);
    drop(shop);
}
