//! The system as a whole, against real servers.

pub mod servers;
