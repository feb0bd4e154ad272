//! What was sold before Daybook: turns a retailer's files into commands at their business time.
