//! Access: the keys by which programs and people of the shop are known, and what each may do.
//!
//! ```text
//! (none) --CreateKey--> valid --RotateKey--> valid, the old secret for a while --RevokeKey--> revoked, for good
//! ```
//!
//! All keys stand in one stream, because they are few, are asked for with every request, and their names are unique.
//! Only a digest of a secret is kept: who reads the log can use no key. What a secret looks like, and how it is compared,
//! is the API's matter.

#[expect(clippy::module_inception, reason = "the aggregate has the name of its folder")]
mod access;
mod commands;
mod events;
mod key;
mod samples;
mod scope;

pub use access::{AccessKeys, MAX_KEYS};
pub use commands::{AccessCommand, AccessRejection, CreateKey, RevokeKey, RotateKey};
pub use events::{AccessEvent, KeyCreated, KeyRevoked, KeyRotated};
pub use key::AccessKey;
pub use scope::{KeyRole, Scope, Scopes};
