//! What the function of the quote promises: worked examples and numbers from outside, properties of generated baskets, a
//! second implementation, and refusals by name.

mod choice;
mod pins;
mod properties;
mod reference;
mod refusals;
mod shop;
mod tax;
mod worked;
