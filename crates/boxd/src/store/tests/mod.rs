//! The store through its public face, and its journal on a disk that fails and loses power.

mod damage;
mod directory;
mod earlier_formats;
mod faults;
mod keyrings;
mod life;
mod memory_disk;
mod migration;
mod missing_keys;
mod sample;
