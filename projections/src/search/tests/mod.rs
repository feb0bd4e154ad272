//! The search as its users see it: events in, answers out. What belongs to one file alone is tested there.

mod crash;
mod facets;
mod paging;
mod shop;
mod updates;
mod words;
