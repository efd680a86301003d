//! For whom an application acts, in Box's words.

use boxd_engine::Subject;

/// How Box names it: `box_subject_type` or `box_sub_type`, and the id.
pub(crate) fn parts(subject: &Subject) -> (&'static str, &str) {
    match subject {
        Subject::Enterprise(id) => ("enterprise", id),
        Subject::User(id) => ("user", id),
    }
}
