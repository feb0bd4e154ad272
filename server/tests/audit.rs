//! What a shop does whose log is not the one that was signed for.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use axum::{
    body::{Body, to_bytes},
    http::Request,
};
use daybook::{Daybook, ServeOptions};
use daybook_api::Limits;
use serde_json::Value;
use std::{path::Path, time::Duration};
use tempfile::TempDir;
use tower::ServiceExt;

async fn ask(daybook: &Daybook, request: Request<Body>) -> (u16, Vec<u8>) {
    let response = daybook.router().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    (status, to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec())
}

/// Goods come to the shops here, and nothing is sold.
fn options(data: &Path) -> ServeOptions {
    let limits = Limits { takes_unlisted_stock: true, ..Limits::default() };
    ServeOptions { limits, ..ServeOptions::new(data) }
}

async fn receive(daybook: &Daybook, sku: &str) {
    let request =
        Request::post(format!("/inventory/{sku}/receive")).header("content-type", "application/json");
    let (status, answer) = ask(daybook, request.body(Body::from(r#"{"quantity":3}"#)).unwrap()).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
}

async fn get(daybook: &Daybook, path: &str) -> (u16, Vec<u8>) {
    ask(daybook, Request::get(path).body(Body::empty()).unwrap()).await
}

/// A shop in `data` that goods came to, stopped when a checkpoint over that was signed, or at once.
async fn left_behind(data: &Path, sku: &str, signed: bool) {
    let daybook = Daybook::open(options(data)).await.unwrap();
    receive(&daybook, sku).await;
    while signed && get(&daybook, "/audit/checkpoint").await.0 != 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    daybook.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_whose_log_is_not_the_one_signed_for_goes_on_and_says_so() {
    let (first, second) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    left_behind(first.path(), "MUG", true).await;
    left_behind(second.path(), "POT", false).await;
    std::fs::remove_dir_all(second.path().join("audit")).unwrap();
    std::fs::rename(first.path().join("audit"), second.path().join("audit")).unwrap();
    // Without its tiles the tree is made again from the log, and comes to another root.
    std::fs::remove_dir_all(second.path().join("audit/tiles")).unwrap();
    let daybook = Daybook::open(options(second.path())).await.unwrap();
    let problem: Value = loop {
        let (status, answer) = get(&daybook, "/readyz").await;
        if status != 200 {
            assert_eq!(status, 503);
            break serde_json::from_slice(&answer).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(problem["type"], "/problems/unavailable");
    assert!(problem["missing"][0].as_str().unwrap().contains("audit"), "{problem}");
    assert_eq!(problem["followers"]["audit"]["status"], "failed", "{problem}");
    receive(&daybook, "CUP").await;
    daybook.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_whose_checkpoint_is_torn_opens_and_signs_its_log_anew() {
    let data = TempDir::new().unwrap();
    left_behind(data.path(), "MUG", true).await;
    let path = data.path().join("audit/checkpoint");
    let before = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, &before[..before.len() / 2]).unwrap();
    let daybook = Daybook::open(options(data.path())).await.unwrap();
    let signed = loop {
        let (status, note) = get(&daybook, "/audit/checkpoint").await;
        if status == 200 {
            break String::from_utf8(note).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    // The signature is deterministic, so the same tree gives the same note.
    assert_eq!(signed, before);
    let (status, shown) = get(&daybook, "/readyz").await;
    let shown: Value = serde_json::from_slice(&shown).unwrap();
    assert_eq!((status, &shown["followers"]["audit"]["status"]), (200, &Value::from("running")), "{shown}");
    for task in ["shard-0", "processes"] {
        assert_eq!(shown["engine"][task]["status"], "running", "{shown}");
    }
    assert_eq!(shown["processes"]["dead_letters"], 0, "{shown}");
    daybook.shutdown().await.unwrap();
}
