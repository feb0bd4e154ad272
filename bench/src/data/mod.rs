//! What the shops under test are made of: the words, prices and popularity of a real retailer's articles, and
//! shops of a million products and ten million events made from them once and used again.

mod articles;
mod fill;
mod prepared;
mod products;
mod queries;

pub(crate) use articles::{Articles, zipf};
pub(crate) use prepared::{Prepared, Size, copy_of};
