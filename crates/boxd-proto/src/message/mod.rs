//! What clients ask and what the daemon answers.

mod api;
mod audit;
mod doctor;
mod event;
mod import;
mod key;
mod login;
mod request;
mod response;
mod status;
mod token;

pub use api::*;
pub use audit::*;
pub use doctor::*;
pub use event::*;
pub use import::*;
pub use key::*;
pub use login::*;
pub use request::*;
pub use response::*;
pub use status::*;
pub use token::*;
