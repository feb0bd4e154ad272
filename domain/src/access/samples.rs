//! Samples of keys: states, commands, a full payload of every event, and any commands for random tests.

use super::*;
use crate::{KeyId, KeyListId, samples::*};

fn key(number: usize) -> KeyId {
    parsed(["7Hq2mXa9", "k3TzP0wQ", "Zz81LmNo"][number % 3])
}

fn digest(digit: usize) -> String {
    char::from(b"0123456789abcdef"[digit % 16]).to_string().repeat(64)
}

fn create(number: usize, name: &str) -> AccessCommand {
    AccessCommand::CreateKey(CreateKey {
        key_id: key(number),
        name: name.to_owned(),
        roles: vec![KeyRole::Warehouse],
        scopes: vec![],
        secret_sha256: digest(number),
        expires_at: None,
    })
}

fn rotate(number: usize, secret_sha256: String) -> AccessCommand {
    AccessCommand::RotateKey(RotateKey { key_id: key(number), secret_sha256, previous_valid_until: at(900) })
}

fn revoke(number: usize) -> AccessCommand {
    AccessCommand::RevokeKey(RevokeKey { key_id: key(number), reason: "lost".to_owned() })
}

impl Sampled for AccessKeys {
    fn sample_id() -> KeyListId {
        KeyListId
    }

    fn samples() -> Samples<Self> {
        let states: Vec<(_, Vec<AccessCommand>)> = vec![
            ("absent", vec![]),
            ("a key", vec![create(0, "scanner")]),
            ("a rotated key", vec![create(0, "scanner"), rotate(0, digest(7))]),
            ("a revoked key", vec![create(0, "scanner"), revoke(0)]),
        ];
        Samples {
            states: states.into_iter().map(|(name, steps)| (name, decided::<Self>(&steps))).collect(),
            commands: vec![
                create(0, "scanner"),
                create(1, "scanner"),
                create(1, ""),
                create(1, "till"),
                rotate(0, digest(8)),
                rotate(0, "short".to_owned()),
                revoke(0),
                revoke(1),
            ],
            events: vec![
                AccessEvent::KeyCreated(KeyCreated {
                    key_id: key(0),
                    name: "Scanner at dock 3".to_owned(),
                    roles: vec![KeyRole::Warehouse],
                    scopes: vec![Scope::EventsRead],
                    secret_sha256: digest(10),
                    expires_at: Some(time("2027-11-22T10:00:00Z")),
                }),
                AccessEvent::KeyRotated(KeyRotated {
                    key_id: key(0),
                    secret_sha256: digest(11),
                    previous_valid_until: time("2026-11-23T10:00:00Z"),
                }),
                AccessEvent::KeyRevoked(KeyRevoked {
                    key_id: key(0),
                    reason: "the scanner was lost".to_owned(),
                }),
            ],
        }
    }

    fn any_command(random: &mut Random) -> AccessCommand {
        let number = random.below(3);
        match random.below(4) {
            0..=1 => create(number, ["scanner", "till", "site"][random.below(3)]),
            2 => rotate(number, digest(random.below(16))),
            _ => revoke(number),
        }
    }
}
