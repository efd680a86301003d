//! For whom an application acts.

/// The subject of a token that an application obtains by itself (CCG and JWT).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The service account of the application in the enterprise with this id.
    Enterprise(String),
    /// The user with this id.
    User(String),
}

/// How Box names it: `box_subject_type` or `box_sub_type`, and the id.
pub(crate) fn parts(subject: &Subject) -> (&'static str, &str) {
    match subject {
        Subject::Enterprise(id) => ("enterprise", id),
        Subject::User(id) => ("user", id),
    }
}
