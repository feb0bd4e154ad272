//! The system as a whole, against real servers.

pub mod seed;
pub mod servers;
pub mod shop;
