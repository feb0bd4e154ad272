//! The search as its users see it: events in, answers out. What belongs to one file alone is tested there.

mod crash;
mod facets;
mod kill;
mod paging;
#[cfg(feature = "judged-queries")]
mod quality;
mod retailer;
mod runner;
mod shop;
mod updates;
mod variants;
mod words;
