//! Who runs a process: its user's security identifier (SID).

use std::{
    ffi::c_void,
    fmt, io,
    os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle},
    ptr, slice,
};

use windows_sys::Win32::{
    Foundation::{HANDLE, LocalFree},
    Security::{
        Authorization::ConvertSidToStringSidW, GetTokenInformation, TOKEN_QUERY, TOKEN_USER, TokenUser,
    },
    System::Threading::{
        GetCurrentProcess, OpenProcess, OpenProcessToken, PROCESS_QUERY_LIMITED_INFORMATION,
    },
};

/// The operating system itself (`NT AUTHORITY\SYSTEM`).
const SYSTEM: &str = "S-1-5-18";

/// A user, as `S-1-5-21-…`. Two are the same user exactly where the text is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sid(String);

impl Sid {
    /// The user of this process.
    pub fn of_this_process() -> io::Result<Self> {
        // SAFETY: it is a constant that stands for this process, and needs no closing.
        Self::of_handle(unsafe { GetCurrentProcess() })
    }

    /// The user of another process. Where it may not be looked at, it is not ours.
    pub fn of_process(pid: u32) -> io::Result<Self> {
        // SAFETY: no pointer is passed.
        let process = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) };
        if process.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it is a handle that was just opened, and nobody else's.
        let process = unsafe { OwnedHandle::from_raw_handle(process) };
        Self::of_handle(process.as_raw_handle())
    }

    /// Whether it is the operating system.
    pub fn is_system(&self) -> bool {
        self.0 == SYSTEM
    }

    /// Its last part, which tells users of one machine or domain apart.
    pub fn number(&self) -> u32 {
        self.0.rsplit('-').next().and_then(|part| part.parse().ok()).unwrap_or(u32::MAX)
    }

    /// As `S-1-5-21-…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of_handle(process: HANDLE) -> io::Result<Self> {
        let mut token = ptr::null_mut();
        // SAFETY: the process' handle is open, and one handle is written.
        if unsafe { OpenProcessToken(process, TOKEN_QUERY, &raw mut token) } == 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it is a handle that was just opened, and nobody else's.
        let token = unsafe { OwnedHandle::from_raw_handle(token) };
        // A SID has at most 68 bytes (`SECURITY_MAX_SID_SIZE`). Of `u64`, so that the structure is aligned in it.
        let mut user = [0_u64; 16];
        let mut length = 0;
        // SAFETY: no more bytes are written than the buffer has.
        let told = unsafe {
            GetTokenInformation(
                token.as_raw_handle(),
                TokenUser,
                user.as_mut_ptr().cast::<c_void>(),
                u32::try_from(size_of_val(&user)).unwrap_or_default(),
                &raw mut length,
            )
        };
        if told == 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was filled with that structure just now, and is aligned for it; the SID that it points to lies in
        // the same buffer.
        unsafe { text_of((*user.as_ptr().cast::<TOKEN_USER>()).User.Sid) }
    }
}

/// # Safety
/// It must point to a SID.
unsafe fn text_of(sid: *mut c_void) -> io::Result<Sid> {
    let mut text = ptr::null_mut::<u16>();
    // SAFETY: the caller's promise; one pointer is written.
    if unsafe { ConvertSidToStringSidW(sid, &raw mut text) } == 0 {
        return Err(io::Error::last_os_error());
    }
    let mut length = 0;
    // SAFETY: the text ends with NUL.
    while unsafe { *text.add(length) } != 0 {
        length += 1;
    }
    // SAFETY: so many units were just looked at.
    let sid = String::from_utf16_lossy(unsafe { slice::from_raw_parts(text, length) });
    // SAFETY: the text is the caller's to free, and is not used any more.
    unsafe { LocalFree(text.cast::<c_void>()) };
    Ok(Sid(sid))
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_the_same_user_however_it_is_looked_at() {
        let me = Sid::of_this_process().unwrap();
        assert_eq!(Sid::of_process(std::process::id()).unwrap(), me);
        assert!(me.as_str().starts_with("S-1-5-") && !me.is_system(), "{me}");
        assert!(me.as_str().ends_with(&format!("-{}", me.number())), "{me}");
    }

    #[test]
    fn a_process_that_is_not_there_has_no_user() {
        assert!(Sid::of_process(0).is_err());
        assert!(Sid::of_process(u32::MAX - 3).is_err());
        assert!(Sid(SYSTEM.into()).is_system());
    }
}
