//! The HTTP interface as a client sees it, through the router of a real shop in a temporary directory.

mod access;
mod audit;
mod bad_input;
mod cancelling;
mod common;
mod contract;
mod feeds;
mod full;
mod hostile;
mod hostile_bulk;
mod journey;
mod limits;
mod locations;
mod network;
mod outside;
mod past;
mod quotes;
mod retries;
mod served;
mod skus;
mod standards;
mod stock;
