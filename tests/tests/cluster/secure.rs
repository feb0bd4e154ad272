//! Servers that want to know who we are and speak TLS, through the program: each way to say it works, a wrong one is
//! told with what to do, and no secret stands in a log, an answer or the list of processes.

use crate::{buy, decided, serve, stock};
use daybook_tests::servers::{
    certificates::{Authority, Certificate},
    daybook::{Node, run},
    nats::{NatsServer, user},
    postgres::PostgresServer,
};
use serde_json::Value;
use std::path::Path;

const PASSWORD: &str = "s3cret-of-the-day";

/// An order goes through, and NATS is told of all of it.
async fn works(node: &Node) {
    stock(node, "MUG", 5).await;
    let order = buy(&[node], 0, "MUG").await.unwrap();
    assert_eq!(decided(node, &order).await["state"], "confirmed");
}

async fn told_all(node: &Node) {
    let told =
        |body: &Value| body["relay"]["lag_events"] == 0 && body["relay"]["position"].as_u64() > Some(5);
    let shown = node.shows(told).await.unwrap();
    assert_eq!(
        (&shown["nats"]["connected"], &shown["relay"]["trouble"]),
        (&true.into(), &Value::Null),
        "{shown}"
    );
}

async fn hides_its_secret(node: &Node) {
    let (_, shown) = node.text("/readyz").await.unwrap();
    let (_, metrics) = node.text("/metrics").await.unwrap();
    for (place, text) in [
        ("arguments", node.seen_arguments().unwrap()),
        ("log", node.log()),
        ("/readyz", shown),
        ("/metrics", metrics),
    ] {
        assert!(!text.contains(PASSWORD), "{place}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_with_tls_and_a_password_from_the_environment_keeps_a_shop() {
    let server = PostgresServer::start_guarded(PASSWORD).await.unwrap();
    let store = server.database().await.unwrap();
    let store = format!("{store}?sslmode=verify-full&sslrootcert={}", server.certificate().display());
    let node = Node::start_unready_in(&[("DAYBOOK_STORE", &store)], &["--log", "debug"]).unwrap();
    node.ready().await.unwrap();
    works(&node).await;
    hides_its_secret(&node).await;

    // The password in a variable of its own, as other PostgreSQL programs have it.
    let plain = store.replace(&format!(":{PASSWORD}@"), "@");
    assert_ne!(plain, store);
    let node = Node::start_unready_in(&[("PGPASSWORD", PASSWORD)], &["--store", &plain]).unwrap();
    node.ready().await.unwrap();
    hides_its_secret(&node).await;

    // The same server for the read models.
    let reads = server.database().await.unwrap();
    let reads = format!("{reads}?sslmode=verify-full&sslrootcert={}", server.certificate().display());
    let node = Node::start_unready_in(
        &[("DAYBOOK_STORE", &store), ("DAYBOOK_READ_STORE", &reads)],
        &["--log", "debug"],
    )
    .unwrap();
    node.ready().await.unwrap();
    works(&node).await;
    hides_its_secret(&node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_store_that_does_not_trust_us_ends_the_start_with_what_to_do() {
    let server = PostgresServer::start_guarded(PASSWORD).await.unwrap();
    let (store, reads) = (server.database().await.unwrap(), server.database().await.unwrap());
    let (code, said) = serve(&["--store", &store, "--read-store", &reads.replace(PASSWORD, "wr0ng")]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("check user and password") && !said.contains("wr0ng"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_cannot_be_trusted_or_does_not_trust_us_is_told_and_nothing_is_sent_there() {
    let server = PostgresServer::start_guarded(PASSWORD).await.unwrap();
    let store = server.database().await.unwrap();
    let (code, said) = serve(&["--store", &store.replace(PASSWORD, "wr0ng")]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("check user and password") && !said.contains("wr0ng"), "{said}");

    // Another authority's certificate may be a mistake that is put right, so it is waited for.
    let other = Authority::new().unwrap();
    let store = format!("{store}?sslmode=verify-full&sslrootcert={}", other.certificate().display());
    let node = Node::start_unready_in(&[("DAYBOOK_STORE", &store)], &[]).unwrap();
    let shown = node.shows(|body| body["missing"].to_string().contains("certificate")).await.unwrap();
    assert!(shown["missing"].to_string().contains("event store is waited for"), "{shown}");
    hides_its_secret(&node).await;
}

/// A NATS server that speaks TLS, with this to be said to it.
async fn nats(made: &Certificate, arguments: &[&str]) -> NatsServer {
    let (certificate, key) = (made.certificate.display().to_string(), made.key.display().to_string());
    let tls = ["-js", "--tls", "--tlscert", &certificate, "--tlskey", &key];
    NatsServer::start_with(&[&tls, arguments].concat()).await.unwrap()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_with_tls_and_a_password_is_told_by_each_way_to_give_it() {
    let authority = Authority::new().unwrap();
    let made = authority.vouch_for("nats", user().unwrap()).unwrap();
    let server = nats(&made, &["--user", "shop", "--pass", PASSWORD]).await;
    let ca = text(&authority.certificate());
    let (place, in_it) = (server.url(), server.url().replace("://", &format!("://shop:{PASSWORD}@")));
    let node =
        Node::start_unready_in(&[("DAYBOOK_NATS", &in_it), ("DAYBOOK_NATS_CA", &ca)], &["--log", "debug"])
            .unwrap();
    node.ready().await.unwrap();
    works(&node).await;
    told_all(&node).await;
    hides_its_secret(&node).await;
    node.kill().unwrap();
    server.kill().unwrap();
    server.wipe().unwrap();
    server.start_again().await.unwrap();

    let tls = place.replace("nats://", "tls://");
    let variables =
        [("DAYBOOK_NATS_USER", "shop"), ("DAYBOOK_NATS_PASSWORD", PASSWORD), ("DAYBOOK_NATS_CA", &ca)];
    let node = Node::start_unready_in(&variables, &["--nats", &tls]).unwrap();
    node.ready().await.unwrap();
    works(&node).await;
    told_all(&node).await;
    hides_its_secret(&node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_with_a_token_is_told() {
    let server = NatsServer::start_with(&["-js", "--auth", PASSWORD]).await.unwrap();
    let node =
        Node::start_unready_in(&[("DAYBOOK_NATS_TOKEN", PASSWORD)], &["--nats", &server.url()]).unwrap();
    node.ready().await.unwrap();
    works(&node).await;
    told_all(&node).await;
    hides_its_secret(&node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_with_an_nkey_or_with_certificates_of_its_clients_is_told() {
    let key = nkeys::KeyPair::new_user();
    let server = NatsServer::start_configured(&format!(
        "jetstream {{ store_dir: \"STORE\" }}\nauthorization {{ users: [ {{ nkey: {} }} ] }}",
        key.public_key()
    ))
    .await
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let seed = folder.path().join("shop.nk");
    std::fs::write(&seed, format!("{}\n", key.seed().unwrap())).unwrap();
    let node = Node::start(&["--nats", &server.url(), "--nats-nkey", &text(&seed)]).await.unwrap();
    works(&node).await;
    told_all(&node).await;

    let authority = Authority::new().unwrap();
    let made = authority.vouch_for("nats", user().unwrap()).unwrap();
    let ca = text(&authority.certificate());
    let server = nats(&made, &["--tlsverify", "--tlscacert", &ca]).await;
    let ours = authority.vouch_for("shop", user().unwrap()).unwrap();
    let (certificate, key) = (text(&ours.certificate), text(&ours.key));
    let url = server.url();
    let trusting = ["--nats", url.as_str(), "--nats-ca", &ca];
    let node =
        Node::start(&[&trusting[..], &["--nats-cert", &certificate, "--nats-key", &key]].concat()).await;
    let node = node.unwrap();
    works(&node).await;
    told_all(&node).await;
    let without = Node::start(&trusting).await.unwrap();
    refused(&without, "certificate").await;
}

/// The shop goes on, and says what is wrong with NATS.
async fn refused(node: &Node, because: &str) {
    works(node).await;
    let because = because.to_owned();
    let said =
        move |body: &Value| body["nats"]["trouble"].as_str().is_some_and(|said| said.contains(&because));
    let shown = node.shows(said).await.unwrap();
    assert_eq!((&shown["status"], &shown["nats"]["connected"]), (&"ready".into(), &false.into()), "{shown}");
    hides_its_secret(node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nats_that_refuses_us_or_is_not_who_it_says_is_told_of_and_sells_on() {
    let authority = Authority::new().unwrap();
    let made = authority.vouch_for("nats", user().unwrap()).unwrap();
    let server = nats(&made, &["--user", "shop", "--pass", PASSWORD]).await;
    let (ca, url) = (text(&authority.certificate()), server.url());
    let start = |environment: &[(&str, &str)], ca: &str| {
        Node::start_unready_in(environment, &["--nats", &url, "--nats-user", "shop", "--nats-ca", ca])
            .unwrap()
    };
    let node = start(&[("DAYBOOK_NATS_PASSWORD", "wr0ng")], &ca);
    node.ready().await.unwrap();
    refused(&node, "check user, password").await;

    let other = Authority::new().unwrap();
    let node = start(&[("DAYBOOK_NATS_PASSWORD", PASSWORD)], &text(&other.certificate()));
    node.ready().await.unwrap();
    refused(&node, "certificate").await;

    let elsewhere = authority.vouch_for_hosts("elsewhere", "DNS:nats.example", user().unwrap()).unwrap();
    let server = nats(&elsewhere, &[]).await;
    let node = Node::start(&["--nats", &server.url(), "--nats-ca", &ca]).await.unwrap();
    refused(&node, "certificate").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_for_nats_that_cannot_be_read_and_texts_that_are_no_store_end_the_start_without_secrets() {
    for option in ["--nats-ca", "--nats-nkey", "--nats-credentials"] {
        let (code, said) = serve(&["--nats", "nats://127.0.0.1:4", option, "/does/not/exist"]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("/does/not/exist"), "{said}");
    }
    let (code, said) = serve(&["--store", &format!("mysql://shop:{PASSWORD}@db/shop")]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("postgres://user:password@host") && !said.contains(PASSWORD), "{said}");
    let output =
        run(&["copy", "--from", &format!("mysql://shop:{PASSWORD}@db/shop"), "--to", "embedded:x"]).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("embedded:DIR") && !said.contains(PASSWORD), "{said}");
    let (code, said) = serve(&["--store", &format!("postgres://shop:{PASSWORD}@db:port/shop")]);
    assert_eq!(code, Some(1), "{said}");
    assert!(!said.contains(PASSWORD), "{said}");
}
