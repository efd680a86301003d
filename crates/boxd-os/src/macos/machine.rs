//! The id of this machine (gethostuuid(2)), which is that of its hardware (`IOPlatformUUID`).

use std::fmt::Write as _;

/// Its 32 hexadecimal digits; `None` where the kernel does not tell within a second.
pub fn host_uuid() -> Option<String> {
    let mut uuid = [0_u8; 16];
    let patience = libc::timespec { tv_sec: 1, tv_nsec: 0 };
    // SAFETY: it writes 16 bytes to the first, and reads the second.
    let failed = unsafe { libc::gethostuuid(uuid.as_mut_ptr(), &raw const patience) };
    if failed != 0 {
        return None;
    }
    let mut text = String::with_capacity(32);
    for byte in uuid {
        write!(text, "{byte:02x}").ok()?;
    }
    Some(text)
}
