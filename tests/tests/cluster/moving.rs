//! A shop that outgrows its machine: from its directory to a server and back, by the command line.

use crate::{buy, decided, stock};
use daybook_tests::servers::{
    daybook::{Node, run},
    postgres::database,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_moves_to_postgres_and_back_and_goes_on_selling() {
    let node = Node::start(&[]).await.unwrap();
    stock(&node, "MUG", 5).await;
    let order = buy(&[&node], 0, "MUG").await.unwrap();
    decided(&node, &order).await;
    node.kill().unwrap();
    let (store, back) = (database().await.unwrap(), tempfile::tempdir().unwrap());
    let home = format!("embedded:{}", node.data().display());
    let copy = |from: &str, to: &str| {
        let output = run(&["copy", "--from", from, "--to", to]).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap()
    };
    let copied = copy(&home, &store);
    assert!(copied.contains("the same to the byte"), "{copied}");
    assert_eq!(copy(&home, &store), copied, "a copy that is repeated changes nothing");
    let moved = Node::start(&["--store", &store]).await.unwrap();
    assert_eq!(decided(&moved, &order).await["state"], "confirmed");
    let another = buy(&[&moved], 0, "MUG").await.unwrap();
    assert_eq!(decided(&moved, &another).await["state"], "confirmed");
    moved.kill().unwrap();
    let home_again = format!("embedded:{}", back.path().join("shop").display());
    copy(&store, &home_again);
    let output = run(&["copy", "--from", &home_again, "--to", &home]).unwrap();
    assert!(output.status.success(), "what was added is added to the first log as well");
    node.start_again().unwrap();
    node.ready().await.unwrap();
    assert_eq!(decided(&node, &another).await["state"], "confirmed");
}

#[test]
fn a_copy_from_nowhere_says_so() {
    let output =
        run(&["copy", "--from", "embedded:/does/not/exist", "--to", "postgres://127.0.0.1:1/x"]).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("there is nothing to copy"), "{said}");
}
