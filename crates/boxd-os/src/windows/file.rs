//! Files: a replacement that has reached the disk, a directory that is its owner's alone, and the room that is left.

use std::{ffi::c_void, io, path::Path, ptr, thread::sleep, time::Duration};

use windows_sys::Win32::{
    Foundation::{ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, LocalFree},
    Security::{
        Authorization::{ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1},
        PSECURITY_DESCRIPTOR, SECURITY_ATTRIBUTES,
    },
    Storage::FileSystem::{
        CreateDirectoryW, GetDiskFreeSpaceExW, MOVEFILE_REPLACE_EXISTING, MOVEFILE_WRITE_THROUGH, MoveFileExW,
    },
};

use super::{sid::Sid, text::wide};

/// How often a move is tried: a virus scanner or an indexer that looks at a new file holds it for a moment.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// Moves a file over another, and returns when that is on its way to the disk (`MOVEFILE_WRITE_THROUGH`).
pub fn replace(from: &Path, to: &Path) -> io::Result<()> {
    let (from, to) = (wide(from), wide(to));
    let mut attempt = 1;
    loop {
        // SAFETY: both names end with NUL.
        let moved = unsafe {
            MoveFileExW(from.as_ptr(), to.as_ptr(), MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)
        };
        if moved != 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        let is_held = [ERROR_SHARING_VIOLATION, ERROR_ACCESS_DENIED]
            .iter()
            .any(|code| error.raw_os_error() == Some(code.cast_signed()));
        if !is_held || attempt == ATTEMPTS {
            return Err(error);
        }
        attempt += 1;
        sleep(PAUSE);
    }
}

/// Makes a directory that only this user and the system can read, and so all that will be in it.
pub fn make_private_directory(path: &Path) -> io::Result<()> {
    let owner = Sid::of_this_process()?;
    // Protected: nothing is inherited from above. Handed on to directories and files within (OI, CI).
    let rights = wide(format!("D:P(A;OICI;FA;;;{owner})(A;OICI;FA;;;SY)"));
    let mut descriptor: PSECURITY_DESCRIPTOR = ptr::null_mut();
    // SAFETY: the text ends with NUL, and one pointer is written.
    let understood = unsafe {
        ConvertStringSecurityDescriptorToSecurityDescriptorW(
            rights.as_ptr(),
            SDDL_REVISION_1,
            &raw mut descriptor,
            ptr::null_mut(),
        )
    };
    if understood == 0 {
        return Err(io::Error::last_os_error());
    }
    let attributes = SECURITY_ATTRIBUTES {
        nLength: u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).unwrap_or_default(),
        lpSecurityDescriptor: descriptor,
        bInheritHandle: 0,
    };
    let name = wide(path);
    // SAFETY: the name ends with NUL, and the descriptor is valid until it is freed below.
    let made = unsafe { CreateDirectoryW(name.as_ptr(), &raw const attributes) };
    let error = io::Error::last_os_error();
    // SAFETY: the descriptor is the caller's to free, and is not used any more.
    unsafe { LocalFree(descriptor.cast::<c_void>()) };
    if made == 0 { Err(error) } else { Ok(()) }
}

/// How many bytes this user can still write where a directory is.
pub fn room(directory: &Path) -> io::Result<u64> {
    let name = wide(directory);
    let mut bytes = 0;
    // SAFETY: the name ends with NUL, and one number is written.
    let told =
        unsafe { GetDiskFreeSpaceExW(name.as_ptr(), &raw mut bytes, ptr::null_mut(), ptr::null_mut()) };
    if told == 0 { Err(io::Error::last_os_error()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File, OpenOptions},
        os::windows::fs::OpenOptionsExt as _,
    };

    use super::*;
    use crate::windows::rights_of_file;

    /// What opens a directory itself (`FILE_FLAG_BACKUP_SEMANTICS`).
    const DIRECTORY_TOO: u32 = 0x0200_0000;

    #[test]
    fn the_room_is_that_of_a_directory_that_is_there() {
        let home = tempfile::tempdir().unwrap();
        assert!(room(home.path()).unwrap() > 0);
        assert!(room(&home.path().join("none")).is_err());
    }

    #[test]
    fn a_file_takes_the_place_of_another() {
        let home = tempfile::tempdir().unwrap();
        let (new, old) = (home.path().join("new"), home.path().join("old"));
        fs::write(&new, "new").unwrap();
        fs::write(&old, "old").unwrap();
        replace(&new, &old).unwrap();
        assert_eq!(fs::read_to_string(&old).unwrap(), "new");
        assert!(!new.exists());
        assert_eq!(replace(&new, &old).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_file_that_somebody_looks_at_is_replaced_as_soon_as_he_has_done() {
        let home = tempfile::tempdir().unwrap();
        let (new, old) = (home.path().join("new"), home.path().join("old"));
        fs::write(&new, "new").unwrap();
        fs::write(&old, "old").unwrap();
        let looking = OpenOptions::new().read(true).share_mode(1).open(&old).unwrap();
        let done = std::thread::spawn(move || {
            sleep(PAUSE * 2);
            drop(looking);
        });
        replace(&new, &old).unwrap();
        assert_eq!(fs::read_to_string(&old).unwrap(), "new");
        done.join().unwrap();
    }

    /// Wine keeps what is set as far as a mode of Unix can say it, so there only that nobody else is named is looked at.
    #[test]
    fn a_private_directory_names_its_owner_and_the_system_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("state");
        make_private_directory(&path).unwrap();
        assert_eq!(make_private_directory(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        let directory = OpenOptions::new().read(true).custom_flags(DIRECTORY_TOO).open(&path).unwrap();
        let owner = Sid::of_this_process().unwrap();
        let rights = rights_of_file(&directory).unwrap();
        println!("{rights}");
        let named: Vec<&str> = rights.split(')').filter_map(|entry| entry.rsplit(';').next()).collect();
        assert!(named.iter().all(|who| who.is_empty() || *who == "SY" || *who == owner.as_str()), "{rights}");
        fs::write(path.join("key"), "secret").unwrap();
        assert!(File::open(path.join("key")).is_ok());
    }
}
