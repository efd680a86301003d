//! Windows: who is who, the client's end of a named pipe, files, a clock, processes, and the console.
#![expect(unsafe_code, reason = "there is no safe interface for what stands here")]

mod clock;
pub mod console;
mod event;
pub mod file;
mod job;
mod machine;
pub mod pipe;
mod process;
mod rights;
mod sid;
mod text;

pub use clock::since_boot;
pub use job::Job;
pub use machine::machine_guid;
pub use process::{Process, end_process};
pub use rights::{rights_of, rights_of_file};
pub use sid::Sid;
