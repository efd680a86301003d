//! Ends a connection from another thread, so that whoever reads from it wakes up.

use crate::connection::Connection;

/// A second handle of a connection.
#[derive(Debug)]
pub(crate) struct Cutter(Connection);

impl Cutter {
    pub(crate) fn of(connection: Connection) -> Self {
        Self(connection)
    }

    /// A read ends with the connection.
    pub(crate) fn cut(&self) {
        self.0.cut();
    }
}
