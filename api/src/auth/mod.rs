//! Who asks, and whether they may: keys as they are presented, and the gate that every route stands behind.

mod gate;
mod key_text;
mod known_keys;
mod principal;

pub use gate::AccessMode;
pub(crate) use gate::{Gate, LetIn};
pub use key_text::{KeyText, MalformedKey};
pub(crate) use principal::Principal;
