//! What Windows and macOS offer and no safe interface gives, behind safe functions. On other systems it is empty.
//!
//! Here and in `boxd::platform` stands all unsafe code of this project.

#[cfg(target_os = "macos")]
pub mod macos;
#[cfg(windows)]
pub mod windows;
