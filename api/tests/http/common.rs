//! A shop in a temporary directory, asked through its router without a network.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use daybook_api::{Daybook, ServeOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) struct Shop {
    pub(crate) daybook: Daybook,
    pub(crate) dir: TempDir,
}

/// What the router answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}")).to_str().unwrap()
    }

    /// Fails the test unless this is a problem of that kind, complete after RFC 9457; answers its body.
    pub(crate) fn problem(&self, status: u16, name: &str) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["type"], format!("/problems/{name}"), "{body}");
        assert_eq!(body["status"], status);
        for member in ["title", "detail", "instance"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {body}");
        }
        body
    }
}

pub(crate) async fn shop() -> Shop {
    let dir = TempDir::new().unwrap();
    let daybook = Daybook::open(ServeOptions::new(dir.path().join("data"))).await.unwrap();
    Shop { daybook, dir }
}

impl Shop {
    pub(crate) fn router(&self) -> Router {
        self.daybook.router()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, &[], &body.to_string()).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, &[], &body.to_string()).await
    }

    /// The last position in the log: unchanged where nothing was written.
    pub(crate) fn head(&self) -> u64 {
        self.daybook.engine().log().head().borrow().get()
    }

    /// A published product with one SKU at this price, and so many units of it in stock.
    pub(crate) async fn stock(&self, sku: &str, minor: i64, units: u32) {
        let product = json!({ "status": "published", "title": format!("Product {sku}"),
            "variants": [{ "sku": sku, "prices": [{ "minor": minor, "currency": "GBP" }] }] });
        assert_eq!(self.put(&format!("/products/p-{sku}"), product).await.status, 200);
        let receive = json!({ "quantity": units });
        assert_eq!(self.post(&format!("/inventory/{sku}/receive"), receive).await.status, 200);
    }

    /// A new cart with these lines; its id.
    pub(crate) async fn cart(&self, lines: &[(&str, u32)]) -> String {
        let lines: Vec<_> =
            lines.iter().map(|(sku, quantity)| json!({ "sku": sku, "quantity": quantity })).collect();
        let made = self.post("/carts", json!({ "currency": "GBP", "lines": lines })).await;
        assert_eq!(made.status, 201, "{}", made.json());
        made.json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn checkout(&self, cart: &str, token: &str) -> Answer {
        self.post(&format!("/carts/{cart}/checkout"), json!({ "payment_token": token })).await
    }
}
