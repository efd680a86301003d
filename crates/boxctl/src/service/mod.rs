//! boxd as a service: what is to be done for each service manager, and the doing of it.
//!
//! [`systemd`], [`launchd`] and [`task`] only say what to do, as a [`plan::Plan`], from what was seen before; so every
//! platform's plan is tested on every platform. [`execute`] does it.

pub(crate) mod ask;
pub(crate) mod diagnose;
pub(crate) mod diff;
mod end_daemon;
pub(crate) mod execute;
pub(crate) mod judge;
pub(crate) mod launchd;
pub(crate) mod observe;
pub(crate) mod plan;
pub(crate) mod site;
pub(crate) mod stamp;
pub(crate) mod state;
pub(crate) mod systemd;
pub(crate) mod task;
#[cfg(test)]
mod tests;
pub(crate) mod text;
