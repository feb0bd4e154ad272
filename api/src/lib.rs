//! HTTP: commands in, queries out; the daybook binary.
