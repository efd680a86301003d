//! Files: a replacement that has reached the disk, and a directory that is its owner's alone.

use std::{ffi::c_void, io, path::Path, ptr, thread::sleep, time::Duration};

use windows_sys::Win32::{
    Foundation::{ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, LocalFree},
    Security::{
        Authorization::{ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1},
        PSECURITY_DESCRIPTOR, SECURITY_ATTRIBUTES,
    },
    Storage::FileSystem::{CreateDirectoryW, MOVEFILE_REPLACE_EXISTING, MOVEFILE_WRITE_THROUGH, MoveFileExW},
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
