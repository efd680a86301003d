//! Who may do what with an object, as text.

use std::{
    ffi::c_void,
    fs::File,
    io,
    os::windows::io::{AsHandle as _, AsRawHandle as _, BorrowedHandle},
    ptr, slice,
};

use windows_sys::Win32::{
    Foundation::{ERROR_SUCCESS, LocalFree},
    Security::{
        Authorization::{
            ConvertSecurityDescriptorToStringSecurityDescriptorW, GetSecurityInfo, SDDL_REVISION_1,
            SE_FILE_OBJECT, SE_KERNEL_OBJECT, SE_OBJECT_TYPE,
        },
        DACL_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR,
    },
};

/// The access list of a pipe or another kernel object, in the security descriptor definition language (SDDL).
pub fn rights_of(object: BorrowedHandle<'_>) -> io::Result<String> {
    read(object, SE_KERNEL_OBJECT)
}

/// The same of a file or directory.
pub fn rights_of_file(file: &File) -> io::Result<String> {
    read(file.as_handle(), SE_FILE_OBJECT)
}

fn read(object: BorrowedHandle<'_>, kind: SE_OBJECT_TYPE) -> io::Result<String> {
    let mut descriptor: PSECURITY_DESCRIPTOR = ptr::null_mut();
    // SAFETY: the handle is open, and one pointer is written.
    let status = unsafe {
        GetSecurityInfo(
            object.as_raw_handle(),
            kind,
            DACL_SECURITY_INFORMATION,
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
            &raw mut descriptor,
        )
    };
    if status != ERROR_SUCCESS {
        return Err(io::Error::from_raw_os_error(status.cast_signed()));
    }
    let (mut text, mut length) = (ptr::null_mut::<u16>(), 0);
    // SAFETY: the descriptor is the one of above, and both results are written to places of the right type.
    let told = unsafe {
        ConvertSecurityDescriptorToStringSecurityDescriptorW(
            descriptor,
            SDDL_REVISION_1,
            DACL_SECURITY_INFORMATION,
            &raw mut text,
            &raw mut length,
        )
    };
    let error = io::Error::last_os_error();
    // SAFETY: the descriptor is the caller's to free, and is not used any more.
    unsafe { LocalFree(descriptor.cast::<c_void>()) };
    if told == 0 {
        return Err(error);
    }
    // SAFETY: so many units were written there.
    let units = unsafe { slice::from_raw_parts(text, usize::try_from(length).unwrap_or_default()) };
    let rights = String::from_utf16_lossy(units).trim_end_matches('\0').to_owned();
    // SAFETY: the text is the caller's to free, and is not used any more.
    unsafe { LocalFree(text.cast::<c_void>()) };
    Ok(rights)
}
