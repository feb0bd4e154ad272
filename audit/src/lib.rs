//! Proof that nothing was changed: a Merkle tree over the log's stored bytes, signed checkpoints, and bundles
//! that an auditor verifies offline.
//!
//! The tree is the one of RFC 6962 (and RFC 9162): leaf `n` is the record at position `n + 1`, hashed as it is
//! stored. Checkpoints are signed notes in the C2SP *tlog-checkpoint* format with Ed25519 keys; tiles are static
//! files in the C2SP *tlog-tiles* layout. An auditor who keeps one checkpoint can tell for ever after whether
//! anything before it was edited, removed, inserted or swapped, without trusting whoever runs the shop.
//!
//! What it cannot do: tell what happened after the last checkpoint an auditor kept, if whoever holds the key
//! writes a new history from there. Where witnesses cosign checkpoints ([`WitnessKey`]), that takes them, too.
//!
//! One difference to *tlog-tiles*: records may be longer than the 65,535 bytes its entry bundles allow, so
//! records travel in a file of their own (see [`bundle`]), and only checkpoint and hash tiles follow it.

pub mod bundle;
mod comparison;
mod cosignature;
mod cosigned;
mod edge;
mod merkle;
mod note;
mod proof;
mod published;
mod sequence;
mod signed_note;
mod tile_files;
mod tiles;
mod times;
mod tree;
mod tree_writer;
mod verify;

pub use comparison::{Compared, Comparison, Mismatch};
pub use cosignature::{WitnessKey, Witnessed};
pub use cosigned::{keep_cosigned, read_cosigned};
pub use merkle::{Hash, leaf_hash, node_hash, root_of};
pub use note::{Checkpoint, NoteError, PublicKey, SigningKey};
pub use proof::{ConsistencyProof, InclusionProof, ProofError};
pub use published::PublishedLeaves;
pub use signed_note::merge_signatures;
pub use tile_files::TileFiles;
pub use tiles::{TileError, Tiles, tile_at, tile_path};
pub use times::{Backdated, ClaimedTimes};
pub use tree::{AuditError, AuditTree};
pub use tree_writer::TreeWriter;
pub use verify::{Finding, Verdict, verify_records};
