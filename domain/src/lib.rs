//! What the shop decides: aggregates, events, money, ids and processes.
