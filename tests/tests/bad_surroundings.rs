//! Surroundings a shop cannot work in: each is told apart with what to do about it, nothing of anybody's is touched,
//! and the program ends as its exit codes promise (0 done, 1 failed, 2 wrong command line).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use daybook_tests::{
    servers::User,
    shop::{Ended, Process, TestShop, cart_body, text},
};
use reqwest::Method;
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

/// Runs `daybook` until it ends.
async fn run(runner: &mut Command, arguments: &[&str]) -> Ended {
    let folder = TempDir::new().unwrap();
    let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    Process::start(runner, &folder.path().join("output.txt"), &arguments).ended(PATIENCE).await
}

async fn serve(data: &Path) -> Ended {
    let data = data.display().to_string();
    run(&mut Command::new("setpriv"), &["serve", "--data", &data, "--listen", "127.0.0.1:0"]).await
}

/// Every file below `root` with what is in it.
fn contents(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_in_use_is_refused_and_its_shop_is_not_harmed() {
    let shop = TestShop::start().await;
    let _ = shop.put_product("MUG", 1299).await;
    let second = serve(shop.data()).await;
    assert_eq!(second.code, Some(1), "{}", second.told);
    assert!(second.told.contains("in use"), "{}", second.told);
    assert!(!second.told.contains("panicked"), "{}", second.told);
    let _ = shop.receive("MUG", 5).await;
    let cart = shop.cart(&[("MUG", 2)]).await;
    let _ = shop.checkout(&cart, "tok_visa").await.expect(201);
    shop.settled().await;
    assert_eq!(shop.stock("MUG").await["reserved"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_taken_is_refused_before_a_directory_is_made() {
    let shop = TestShop::start().await;
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data").display().to_string();
    let address = shop.address().trim_start_matches("http://").to_owned();
    let arguments = ["serve", "--data", &data, "--listen", &address];
    let second = run(&mut Command::new("setpriv"), &arguments).await;
    assert_eq!(second.code, Some(1), "{}", second.told);
    assert!(second.told.contains("cannot listen on"), "{}", second.told);
    assert!(!Path::new(&data).exists());
    let _ = shop.get("/livez").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_of_something_else_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("thesis.txt"), "three years of work").unwrap();
    fs::create_dir(folder.path().join("log")).unwrap();
    fs::write(folder.path().join("log").join("2024.txt"), "dear diary").unwrap();
    let before = contents(folder.path());
    let ended = serve(folder.path()).await;
    assert_eq!(ended.code, Some(1), "{}", ended.told);
    assert!(ended.told.contains("is not a Daybook directory"), "{}", ended.told);
    assert_eq!(contents(folder.path()), before);

    let ended = serve(&folder.path().join("thesis.txt")).await;
    assert_eq!(ended.code, Some(1), "{}", ended.told);
    assert!(ended.told.contains("is not a directory"), "{}", ended.told);
    assert_eq!(contents(folder.path()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_of_a_newer_format_is_refused_and_left_as_it_is() {
    let mut shop = TestShop::start().await;
    let _ = shop.put_product("MUG", 1299).await;
    shop.stop().await;
    let marker = shop.data().join("daybook.json");
    let text = fs::read_to_string(&marker).unwrap();
    let mut newer: serde_json::Value = serde_json::from_str(&text).unwrap();
    newer["format"] = json!(99);
    fs::write(&marker, newer.to_string()).unwrap();
    let before = contents(shop.data());
    let ended = serve(shop.data()).await;
    assert_eq!(ended.code, Some(1), "{}", ended.told);
    assert!(ended.told.contains("format 99") && ended.told.contains("newer"), "{}", ended.told);
    assert_eq!(contents(shop.data()), before);

    fs::write(&marker, text).unwrap();
    shop.restart().await;
    let _ = shop.get("/products/p-MUG").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_may_not_be_written_is_refused() {
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), PermissionsOf::mode(0o755)).unwrap();
    let data = folder.path().join("data");
    // Root may write anywhere, so root's tests ask as somebody else, in a folder that is root's.
    let mut runner = User::unprivileged("nobody").unwrap().command("setpriv");
    if !is_root() {
        fs::set_permissions(folder.path(), PermissionsOf::mode(0o555)).unwrap();
    }
    let data = data.display().to_string();
    let ended = run(&mut runner, &["serve", "--data", &data, "--listen", "127.0.0.1:0"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.told);
    assert!(ended.told.contains("cannot be written"), "{}", ended.told);
    assert!(contents(folder.path()).is_empty());
    fs::set_permissions(folder.path(), PermissionsOf::mode(0o755)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_command_line_ends_with_2_and_says_how_it_goes() {
    let cases: &[&[&str]] = &[
        &["serve", "--data", "x", "--colour", "red"],
        &["serve"],
        &["serve", "--data", "x", "--listen", "here"],
        &["serve", "--data", "x", "--reservation-hold", "15"],
        &["open"],
    ];
    for arguments in cases {
        let ended = run(&mut Command::new("setpriv"), arguments).await;
        assert_eq!(ended.code, Some(2), "{arguments:?}: {}", ended.told);
        assert!(ended.told.contains("--help") || ended.told.contains("Usage"), "{}", ended.told);
    }
    let help = run(&mut Command::new("setpriv"), &["--help"]).await;
    assert_eq!(help.code, Some(0));
    assert!(help.told.contains("serve") && help.told.contains("demo"), "{}", help.told);
    assert!(!Path::new("x").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sigterm_finishes_what_is_under_way_and_ends_with_0() {
    let mut shop = TestShop::start().await;
    let _ = shop.put_product("MUG", 1299).await;
    let _ = shop.receive("MUG", 10_000).await;
    let client = shop.client();
    let buying = tokio::spawn(async move {
        let mut acknowledged = Vec::new();
        for number in 0.. {
            let key = format!("last-{number}");
            let body = cart_body(&[("MUG", 1)]);
            match client.ask(Method::POST, "/carts", &[("idempotency-key", &key)], Some(&body)).await {
                Ok(answer) if answer.status == 201 => acknowledged.push(text(&answer.json()["id"])),
                Ok(answer) => {
                    answer.problem(503, "unavailable");
                    break;
                }
                Err(_) => break,
            }
        }
        acknowledged
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    shop.ask_to_stop();
    shop.stopped().await;
    let acknowledged = buying.await.unwrap();
    assert!(acknowledged.len() > 10, "{} carts: this shows nothing", acknowledged.len());
    shop.restart().await;
    shop.settled().await;
    for cart in acknowledged {
        let _ = shop.get(&format!("/carts/{cart}")).await.expect(200);
    }
}

struct PermissionsOf;

impl PermissionsOf {
    fn mode(mode: u32) -> fs::Permissions {
        std::os::unix::fs::PermissionsExt::from_mode(mode)
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}
