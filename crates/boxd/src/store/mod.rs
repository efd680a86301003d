//! Sealed files that hold the grants, and the journal around every spend.
