//! The id that Windows gave this machine when it was installed.

use std::{ffi::c_void, ptr};

use windows_sys::Win32::{
    Foundation::ERROR_SUCCESS,
    System::Registry::{HKEY_LOCAL_MACHINE, RRF_RT_REG_SZ, RRF_SUBKEY_WOW6464KEY, RegGetValueW},
};

use super::text::wide;

/// `MachineGuid`, as it stands in the registry.
pub fn machine_guid() -> Option<String> {
    let (key, name) = (wide(r"SOFTWARE\Microsoft\Cryptography"), wide("MachineGuid"));
    let mut value = [0_u16; 64];
    let mut length = u32::try_from(size_of_val(&value)).ok()?;
    // SAFETY: both names end with NUL, and no more than `length` bytes are written.
    let status = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            name.as_ptr(),
            RRF_RT_REG_SZ | RRF_SUBKEY_WOW6464KEY,
            ptr::null_mut(),
            value.as_mut_ptr().cast::<c_void>(),
            &raw mut length,
        )
    };
    let text = value.split(|unit| *unit == 0).next()?;
    (status == ERROR_SUCCESS).then(|| String::from_utf16_lossy(text))
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_a_uuid() {
        let guid = super::machine_guid().unwrap();
        assert_eq!(guid.len(), 36, "{guid}");
        assert!(guid.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()), "{guid}");
    }
}
