//! Every operation of the document is sent with all its examples at once, as tools do that try a document out.

use crate::world::World;
use daybook_tests::shop::{Answer, TestShop};
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeMap;

/// Operations whose examples cannot succeed in a healthy shop, and what the document has for them.
const WITHOUT_SUCCESS: &[(&str, u16, &str)] = &[
    ("skipDeadLetter", 404, "nothing waits in a healthy shop"),
    ("retryProcessDeadLetter", 404, "no reaction was given up in a healthy shop"),
    ("skipProcessDeadLetter", 404, "no reaction was given up in a healthy shop"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_example_succeeds_when_it_is_sent_to_a_server() {
    // One of the examples makes a key, after which nobody would be let in without one.
    let shop = TestShop::start_with(&["--access", "open"]).await;
    let document = shop.get("/openapi.json").await.expect(200).json();
    let world = World::new(&shop);
    let mut failures = Vec::new();
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let real = world.before(id).await;
            let answer = send(&shop, method, path, operation, &real).await;
            let expected =
                WITHOUT_SUCCESS.iter().find(|(known, ..)| *known == id).map(|(_, status, _)| *status);
            let is_good =
                expected.map_or((200..300).contains(&answer.status), |status| answer.status == status);
            if !is_good {
                failures.push(format!("{id}: {} {}", answer.status, answer.text()));
            }
            assert!(
                operation["responses"].get(answer.status.to_string()).is_some(),
                "{id} answers with {}, which the document does not have",
                answer.status
            );
            tried += 1;
        }
    }
    assert!(tried > 50, "only {tried} operations");
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Sends an operation's examples. `real`: what stands for ids that an example can only make up.
async fn send(
    shop: &TestShop,
    method: &str,
    path: &str,
    operation: &Value,
    real: &BTreeMap<&'static str, String>,
) -> Answer {
    let with_real = |text: String| real.iter().fold(text, |text, (made_up, id)| text.replace(made_up, id));
    let (mut path, mut query) = (path.to_owned(), Vec::new());
    let mut headers: Vec<(String, String)> = Vec::new();
    for parameter in operation["parameters"].as_array().unwrap() {
        let name = parameter["name"].as_str().unwrap();
        let Some(example) = parameter.get("example") else {
            assert_ne!(parameter["required"], true, "{name} has no example");
            continue;
        };
        match parameter["in"].as_str().unwrap() {
            "path" => path = path.replace(&format!("{{{name}}}"), &with_real(plain(example))),
            "header" => headers.push((name.to_owned(), with_real(plain(example)))),
            "query" => match example {
                Value::Array(items) => query.extend(items.iter().map(|item| (name.to_owned(), plain(item)))),
                Value::Object(members) => {
                    query.extend(members.iter().map(|(key, value)| (format!("{name}[{key}]"), plain(value))));
                }
                one => query.push((name.to_owned(), plain(one))),
            },
            place => panic!("{name} is in {place}"),
        }
    }
    let mut request = shop
        .http
        .request(Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(), shop.address() + &path);
    request = request.query(&query);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    if let Some(body) = operation.get("requestBody") {
        let (media_type, content) = body["content"].as_object().unwrap().iter().next().unwrap();
        request = request.header("content-type", media_type).body(with_real(content["example"].to_string()));
    }
    Answer::read(request.send().await.unwrap()).await.unwrap()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
