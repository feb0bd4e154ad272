//! The daybook-replay binary: inspect, as-of, rebuild, verify, export, audit.
