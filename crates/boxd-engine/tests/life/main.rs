//! The engine against a small model of Box and of a disk, over random histories.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails should say where"
)]

mod box_model;
mod disk;
mod properties;
mod regressions;
mod world;
