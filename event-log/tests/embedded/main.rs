//! The embedded log: the contract, and what only files can do wrong.

mod compressed;
mod contract;
mod crash;
mod damage;
mod faults;
mod fixtures;
mod hooked_disk;
mod killed;
mod load;
mod panics;
mod places;
mod sequencing;
mod support;
mod transient;
