//! The write path: executes commands, groups commits, runs processes, answers retries.
