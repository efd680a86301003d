//! Requests counted by route and kind of answer.

use hyper::StatusCode;

use super::routes::{Found, ROUTES};
use crate::server::Count;

/// First digits of HTTP statuses.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// Names of what is no route of its own.
const OTHERS: [&str; 2] = ["passthrough", "none"];
/// All routes and others. In figures, as the table of routes names functions whose types have these counts in them.
const ROWS: usize = 11;
const _: () = assert!(ROWS == ROUTES.len() + OTHERS.len(), "a row for each");

/// Counts since the start: their number is bounded, whatever clients ask for.
#[derive(Debug, Default)]
pub struct HttpCounts([[Count; CLASSES.len()]; ROWS]);

// === impl HttpCounts ===

impl HttpCounts {
    pub(super) fn up(&self, found: &Found<'_>, status: StatusCode) {
        let row = match found {
            Found::Route { index, .. } => *index,
            Found::Passthrough(_) => ROUTES.len(),
            Found::Nothing => ROUTES.len() + 1,
        };
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(count) = self.0.get(row).and_then(|row| row.get(class)) {
            count.up();
        }
    }

    /// Route, kind of answer and number, where there was any.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        let routes = ROUTES.iter().map(|route| route.path).chain(OTHERS);
        routes.zip(&self.0).flat_map(|(route, row)| {
            let cells = CLASSES.iter().zip(row);
            cells.map(move |(class, count)| (route, *class, count.get())).filter(|(.., count)| *count > 0)
        })
    }
}
