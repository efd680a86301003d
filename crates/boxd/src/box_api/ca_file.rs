//! Reads a file of certificates that are trusted besides the system's.

use std::path::{Path, PathBuf};

use rustls::pki_types::{CertificateDer, pem::PemObject as _};

/// Why a `ca_file` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the certificate file {} {reason}: put a PEM certificate there or correct `ca_file`, then: boxctl reload", path.display())]
pub struct UnusableCaFile {
    path: PathBuf,
    reason: String,
}

/// How many certificates are in a `ca_file`; never 0.
///
/// # Errors
/// Where the file cannot be read, or is no PEM file with certificates.
pub fn certificates_in(path: &Path) -> Result<usize, UnusableCaFile> {
    anchors(path).map(|anchors| anchors.len())
}

pub(super) fn anchors(path: &Path) -> Result<Vec<CertificateDer<'static>>, UnusableCaFile> {
    use rustls::pki_types::pem::Error;
    let unusable = |reason: String| UnusableCaFile { path: path.to_owned(), reason };
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    match found {
        Ok(found) if found.is_empty() => Err(unusable("holds no PEM certificate".to_owned())),
        Ok(found) => Ok(found),
        Err(Error::Io(error)) => Err(unusable(format!("cannot be read ({error})"))),
        Err(error) => Err(unusable(format!("is damaged ({error})"))),
    }
}
