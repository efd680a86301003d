//! The store through its public face, and its journal on a disk that fails.
