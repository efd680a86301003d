//! Windows: whether an access list lets everybody write, as those of folders right under `C:\` do.

use std::{fs::OpenOptions, io, os::windows::fs::OpenOptionsExt as _, path::Path};

/// Groups that more than one person is in, as SDDL abbreviates them: Everyone, Authenticated Users, Users, Anonymous,
/// Guests and the guest, whoever sits there or comes over the network, all users of the domain.
const CROWDS: [&str; 9] = ["WD", "AU", "BU", "AN", "BG", "LG", "IU", "NU", "DU"];
/// Rights to change something: all, write, and in a directory to add files or directories; to change the list or the owner.
const WRITING: [&str; 8] = ["GA", "GW", "FA", "FW", "DC", "LC", "WD", "WO"];
/// The same as bits (`FILE_ADD_FILE`, `FILE_ADD_SUBDIRECTORY`, `FILE_DELETE_CHILD`, `WRITE_DAC`, `WRITE_OWNER`,
/// `GENERIC_ALL`, `GENERIC_WRITE`).
const WRITING_BITS: u32 = 0x5000_0000 | 0x000C_0000 | 0x0000_0046;

/// Opens a directory itself (`FILE_FLAG_BACKUP_SEMANTICS` of `CreateFileW`).
const DIRECTORY_TOO: u32 = 0x0200_0000;

/// Whether more than a few named users can write to a directory.
pub(super) fn lets_a_crowd_write(directory: &Path) -> io::Result<bool> {
    let opened = OpenOptions::new().read(true).custom_flags(DIRECTORY_TOO).open(directory)?;
    Ok(is_loose(&boxd_os::windows::rights_of_file(&opened)?))
}

/// Reads an access list in the security descriptor definition language ("ACE Strings", learn.microsoft.com).
fn is_loose(list: &str) -> bool {
    // Without a list everybody may do everything.
    if !list.starts_with("D:") || list.contains("NO_ACCESS_CONTROL") {
        return true;
    }
    list.split('(').skip(1).any(|entry| {
        let mut fields = entry.trim_end_matches(')').split(';');
        let (kind, rights, who) = (fields.next(), fields.nth(1).unwrap_or_default(), fields.nth(2));
        kind == Some("A") && who.is_some_and(|who| CROWDS.contains(&who)) && may_write(rights)
    })
}

fn may_write(rights: &str) -> bool {
    if let Some(bits) = rights.strip_prefix("0x") {
        return u32::from_str_radix(bits, 16).map_or(true, |bits| bits & WRITING_BITS != 0);
    }
    let letters: Vec<char> = rights.chars().collect();
    letters.chunks(2).any(|pair| WRITING.contains(&pair.iter().collect::<String>().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lets_a_crowd_write_is_loose() {
        for (list, loose) in [
            // What boxd makes, a folder of a profile, and one that everybody may read.
            ("D:P(A;OICI;FA;;;S-1-5-21-1-2-3-1001)(A;OICI;FA;;;SY)", false),
            ("D:(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;FA;;;S-1-5-21-1-2-3-1001)", false),
            ("D:(A;;FA;;;SY)(A;OICI;0x1200a9;;;WD)", false),
            ("D:(D;;FA;;;WD)(A;;FA;;;SY)", false),
            // A folder right under C:\, a shared one, one of FAT.
            ("D:AI(A;OICIID;FA;;;SY)(A;ID;0x1301bf;;;AU)(A;OICIIOID;SDGXGWGR;;;AU)", true),
            ("D:(A;OICIIO;GRGW;;;BU)", true),
            ("D:(A;;FA;;;WD)", true),
            ("D:NO_ACCESS_CONTROL", true),
            ("", true),
        ] {
            assert_eq!(is_loose(list), loose, "{list}");
        }
    }
}
