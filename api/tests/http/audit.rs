//! What auditors and customers can prove over HTTP, checked with the proofs' own verifier.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use crate::common::{Shop, shop};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use daybook_audit::{
    Checkpoint, ConsistencyProof, Hash, InclusionProof, PublicKey, keep_cosigned, leaf_hash,
};
use serde_json::Value;
use std::time::Duration;

impl Shop {
    async fn audit_key(&self) -> PublicKey {
        let key = self.get("/audit/key").await;
        String::from_utf8(key.body).unwrap().trim().parse().unwrap()
    }

    /// The latest checkpoint, once it covers so many events.
    async fn checkpoint_over(&self, size: u64) -> Checkpoint {
        let key = self.audit_key().await;
        loop {
            let answer = self.get("/audit/checkpoint").await;
            if answer.status == 200 {
                let note = String::from_utf8(answer.body).unwrap();
                let signed = Checkpoint::verify(&note, &key).unwrap();
                if signed.size >= size {
                    return signed;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn verify_record(record: &Value, checkpoint: &Value, key: &PublicKey) -> u64 {
    let signed = Checkpoint::verify(checkpoint.as_str().unwrap(), key).unwrap();
    let proof: InclusionProof = serde_json::from_value(record["proof"].clone()).unwrap();
    let bytes = STANDARD.decode(record["record"].as_str().unwrap()).unwrap();
    assert_eq!(proof.leaf_index + 1, record["position"].as_u64().unwrap());
    assert_eq!(proof.tree_size, signed.size);
    proof.verify(leaf_hash(&bytes), signed.root).unwrap();
    let mut edited = bytes;
    *edited.last_mut().unwrap() ^= 1;
    proof.verify(leaf_hash(&edited), signed.root).expect_err("an edited record is proven");
    signed.size
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_of_an_order_is_proven_under_one_signed_checkpoint() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 10).await;
    let cart = shop.cart(&[("MUG", 2)]).await;
    let placed = shop.checkout(&cart, "tok_visa").await;
    let order = placed.json()["id"].as_str().unwrap().to_owned();
    let answer = shop.get(&format!("/orders/{order}/proof")).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    let proof = answer.json();
    let events = proof["events"].as_array().unwrap();
    assert_eq!(events[0]["type"], "OrderPlaced");
    assert!(events.iter().any(|event| event["type"] == "OrderConfirmed"), "{proof}");
    let key = shop.audit_key().await;
    assert_eq!(proof["key"], key.to_string());
    for event in events {
        verify_record(event, &proof["checkpoint"], &key);
    }
    let one = shop.get(&format!("/audit/proof?position={}", events[0]["position"])).await.json();
    assert_eq!(one["record"], events[0]["record"]);
    verify_record(&one, &one["checkpoint"], &key);
    shop.get("/orders/0199a5b0-7c3e-8f27-9b1d-5a6c7e8f9012/proof").await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_checkpoint_is_proven_to_be_the_beginning_of_every_later_one() {
    let shop = shop().await;
    shop.get("/audit/checkpoint").await.problem(404, "not-found");
    shop.stock("MUG", 1299, 10).await;
    let kept = shop.checkpoint_over(2).await;
    shop.stock("POT", 3999, 10).await;
    let later = shop.checkpoint_over(4).await;
    let answer = shop.get(&format!("/audit/consistency?from={}", kept.size)).await.json();
    let proof: ConsistencyProof = serde_json::from_value(answer["proof"].clone()).unwrap();
    proof.verify(kept.root, later.root).unwrap();
    proof.verify(later.root, later.root).expect_err("another beginning is proven");
    let tile = shop.get(&format!("/audit/tile/0/000.p/{}", later.size)).await;
    let first: [u8; 32] = tile.body[..32].try_into().unwrap();
    let record = shop.get("/audit/proof?position=1").await.json();
    let bytes = STANDARD.decode(record["record"].as_str().unwrap()).unwrap();
    assert!(leaf_hash(&bytes) == Hash(first), "the first tile begins with the first record");
}

#[tokio::test(flavor = "multi_thread")]
async fn cosignatures_that_were_added_are_served_with_the_checkpoint_and_with_proofs_under_it() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 10).await;
    let cart = shop.cart(&[("MUG", 2)]).await;
    let order = shop.checkout(&cart, "tok_visa").await.json()["id"].as_str().unwrap().to_owned();
    shop.get("/audit/checkpoint?witnessed=true").await.problem(404, "not-found");
    shop.get("/audit/checkpoint?witnessed=perhaps").await.problem(400, "invalid-parameter");
    let proof = shop.get(&format!("/orders/{order}/proof")).await.json();
    let (key, note) = (shop.audit_key().await, proof["checkpoint"].as_str().unwrap());
    // Whether a witness' line is good is for whoever verifies; here it is served as it was given.
    let cosigned = format!("{note}\u{2014} witness.example/w1 {}\n", STANDARD.encode([7; 76]));
    keep_cosigned(&shop.dir.path().join("audit"), &cosigned, &key).unwrap();
    let text = |answer: crate::common::Answer| String::from_utf8(answer.body).unwrap();
    assert_eq!(text(shop.get("/audit/checkpoint?witnessed=true").await), cosigned);
    let witnessed = shop.get(&format!("/orders/{order}/proof?witnessed=true")).await.json();
    assert_eq!(witnessed["checkpoint"], cosigned);
    for event in witnessed["events"].as_array().unwrap() {
        verify_record(event, &witnessed["checkpoint"], &key);
    }
    // What came later is under no witness yet.
    shop.stock("POT", 3999, 10).await;
    let later = shop.engine.log().head().borrow().get();
    shop.checkpoint_over(later).await;
    assert_eq!(text(shop.get("/audit/checkpoint?witnessed=true").await), cosigned);
    shop.get(&format!("/audit/proof?position={later}&witnessed=true")).await.problem(404, "not-found");
    shop.get(&format!("/audit/proof?position={later}")).await.json();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_auditors_ask_wrongly_is_refused_and_no_other_file_is_ever_served() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 10).await;
    shop.checkpoint_over(2).await;
    for path in ["..%2Fsigning-key", "0/..%2F..%2Fsigning-key", "0/999", "checkpoint"] {
        shop.get(&format!("/audit/tile/{path}")).await.problem(404, "not-found");
    }
    shop.get("/audit/proof").await.problem(400, "invalid-parameter");
    shop.get("/audit/proof?position=0").await.problem(404, "not-found");
    shop.get("/audit/proof?position=99").await.problem(404, "not-found");
    shop.get("/audit/consistency?from=0").await.problem(404, "not-found");
    shop.get("/audit/consistency?from=99").await.problem(404, "not-found");
}
