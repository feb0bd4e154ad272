//! Keys of a shop of several nodes, the owner's key in its file, and a shop without keys that others could reach.

use daybook_tests::servers::{
    daybook::{Node, run},
    postgres::database,
};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

/// Asks a node with a key.
async fn ask(node: &Node, method: &str, path: &str, key: &str, body: &Value) -> (u16, Value) {
    let client = reqwest::Client::new();
    let request = match method {
        "GET" => client.get(node.address() + path),
        _ => client.post(node.address() + path).json(body),
    };
    let answer = request.bearer_auth(key).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_holds_on_every_node_and_is_over_on_every_node_when_it_is_revoked() {
    let (store, folder) = (database().await.unwrap(), tempfile::tempdir().unwrap());
    let file = folder.path().join("owner.key");
    let options = ["--store", store.as_str(), "--owner-key-file", file.to_str().unwrap()];
    let (first, second) = (Node::start(&options).await.unwrap(), Node::start(&options).await.unwrap());
    let owner = fs::read_to_string(&file).unwrap().trim().to_owned();
    assert!(owner.starts_with("dbo_"), "an owner's key");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "it is for its user alone");
    for node in [&first, &second] {
        assert!(!node.log().contains(&owner), "the key is in the log");
        let (status, problem) = node.get("/orders").await.unwrap();
        assert_eq!(status, 401, "{problem}");
        assert_eq!(node.get("/products").await.unwrap().0, 200, "what is offered is public");
    }

    let body = json!({ "name": "dock 3", "roles": ["warehouse"] });
    let (status, made) = ask(&first, "POST", "/keys", &owner, &body).await;
    assert_eq!(status, 201, "{made}");
    let (key, id) = (made["key"].as_str().unwrap(), made["key_id"].as_str().unwrap());
    // Made at one node a moment ago, of use at the other at once.
    let (status, answer) = ask(&second, "GET", "/inventory/shortages", key, &Value::Null).await;
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = ask(&second, "GET", "/keys", key, &Value::Null).await;
    assert_eq!((status, answer["scope"].as_str()), (403, Some("keys:read")), "{answer}");

    let revoke = format!("/keys/{id}/revoke");
    let (status, answer) = ask(&first, "POST", &revoke, &owner, &json!({ "reason": "lost" })).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(ask(&first, "GET", "/inventory/shortages", key, &Value::Null).await.0, 401);
    let mut asked = 0;
    while ask(&second, "GET", "/inventory/shortages", key, &Value::Null).await.0 != 401 {
        asked += 1;
        assert!(asked < 1_000, "the other node goes on with a revoked key");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    // After a restart the same file is the same key, and nothing is written for it.
    let (_, before) = ask(&second, "GET", "/keys", &owner, &Value::Null).await;
    first.stop().await.unwrap();
    first.start_again().unwrap();
    first.ready().await.unwrap();
    assert_eq!(ask(&first, "GET", "/keys", &owner, &Value::Null).await, (200, before));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_without_a_key_is_not_served_beyond_its_machine_unless_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("owner.key"));
    let (data, file) = (data.to_str().unwrap(), file.to_str().unwrap());
    for program in ["serve", "demo"] {
        let refused = run(&[program, "--listen", "0.0.0.0:0", "--data", data]).unwrap();
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success(), "{program}: {told}");
        assert!(told.contains("--owner-key-file") && told.contains("--access open"), "{program}: {told}");
    }

    fs::write(file, "dbo_nothing\n").unwrap();
    let wrong = run(&["serve", "--listen", "127.0.0.1:0", "--data", data, "--owner-key-file", file]).unwrap();
    let told = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(!wrong.status.success() && told.contains("has no key in it"), "{told}");
    assert!(!told.contains("dbo_nothing"), "what may be a secret is repeated: {told}");
}
