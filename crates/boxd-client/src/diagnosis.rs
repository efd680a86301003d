//! What the daemon finds out for a person who looks for what is wrong.

use std::time::Duration;

use boxd_proto::{Fingerprints, Holder, Reached, Request, Response};

use crate::{client::Client, deadline::LOCAL, error::Error};

/// The daemon asks everywhere at once, and gives each way 15 s.
const WITH_BOX: Duration = Duration::from_secs(30);

impl Client {
    /// Has the daemon ask every place at Box that the accounts and the config name, without credentials.
    ///
    /// # Errors
    /// Only those of the connection: a place that does not answer is a [`Reached`] too.
    pub fn probe(&mut self) -> Result<Vec<Reached>, Error> {
        let mut all = Vec::new();
        let mut response = self.call(&Request::Probe, WITH_BOX)?;
        while response != Response::End {
            match response {
                Response::Reached(reached) => all.push(*reached),
                other => return Err(self.unexpected(&other)),
            }
            response = self.next_within(WITH_BOX)?;
        }
        Ok(all)
    }

    /// Which accounts hold the grants of these fingerprints: one answer for each, in their order.
    ///
    /// # Errors
    /// [`Error::Problem`] where there are more than [`Fingerprints::MOST`], or they may not be asked for.
    pub fn holders(&mut self, fingerprints: Fingerprints) -> Result<Vec<Option<Holder>>, Error> {
        match self.call(&Request::HasGrants(fingerprints), LOCAL)? {
            Response::Holders(holders) => Ok(holders),
            other => Err(self.unexpected(&other)),
        }
    }
}
