//! The system as a whole, against real servers.

pub mod seed;
pub mod servers;
pub mod shop;

/// The project's folder.
#[must_use]
pub fn root() -> std::path::PathBuf {
    let tests = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests folder stands in the project").to_owned()
}
