//! The audit log, record by record.

use boxd_proto::{AuditQuery, AuditRecord, Request, Response};

use crate::{client::Client, deadline::WITH_BOX, error::Error};

impl Client {
    /// What the audit log holds, the oldest first; only for the daemon's owner. `each` gets one record after the other:
    /// there may be many.
    ///
    /// # Errors
    /// [`Error::Problem`] where it cannot be read, or is not for this program.
    pub fn audit(&mut self, query: AuditQuery, mut each: impl FnMut(AuditRecord)) -> Result<(), Error> {
        let mut response = self.call(&Request::Audit(query), WITH_BOX)?;
        while response != Response::End {
            match response {
                Response::Audit(record) => each(*record),
                Response::Heartbeat => {}
                other => return Err(self.unexpected(&other)),
            }
            response = self.next_of_stream()?;
        }
        Ok(())
    }
}
