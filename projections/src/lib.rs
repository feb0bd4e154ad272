//! What the shop shows: read models, their runner and their store.
