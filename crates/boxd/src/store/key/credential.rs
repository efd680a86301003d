//! The key that systemd hands to a service: `LoadCredential=store-key:…` or `LoadCredentialEncrypted=`
//! (systemd.exec(5), "CREDENTIALS").

use std::{
    io,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    super::{OpenError, disk::Disk},
    SealingKey, text,
};

/// What the credential is called.
pub(super) const NAME: &str = "store-key";

/// Where the credential is, given the directory that systemd named.
pub(super) fn place(directory: Option<&Path>) -> Option<PathBuf> {
    directory.map(|directory| directory.join(NAME))
}

/// The key, or `None` where the service was given none.
pub(super) fn read(disk: &dyn Disk, directory: Option<&Path>) -> Result<Option<SealingKey>, OpenError> {
    let Some(path) = place(directory) else { return Ok(None) };
    let unusable =
        |why: String| OpenError::KeyUnusable { place: format!("the credential {}", path.display()), why };
    match disk.read(&path) {
        // Its owner and mode are systemd's matter: a system service's belong to root, with an access list.
        Ok(bytes) => match text::parse(&Zeroizing::new(bytes)) {
            Some(key) => Ok(Some(key)),
            None => Err(unusable(format!("it is not {}", text::FORMS))),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(error.to_string())),
    }
}
