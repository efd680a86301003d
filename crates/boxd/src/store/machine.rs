//! Which machine this is, as an id of our own that tells nothing about the machine's.

use ring::hmac;

/// Identity of a machine. Grants are bound to it, so that a cloned disk does not spend them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MachineId([u8; 32]);

impl MachineId {
    /// The id of this machine; `None` where it has no stable one, as many containers.
    pub fn of_this_machine() -> Option<Self> {
        Self::of_text(&text()?)
    }

    /// Hashes a machine id with a label of ours, as machine-id(5) asks, since it is not to be shown around.
    pub(super) fn of_text(text: &str) -> Option<Self> {
        // Windows writes it as a UUID.
        let text = text.trim().to_ascii_lowercase().replace('-', "");
        // An image that is not yet booted holds "uninitialized" or nothing.
        let stable = text.len() == 32
            && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            && text.bytes().any(|byte| byte != b'0');
        if !stable {
            return None;
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes());
        let tag = hmac::sign(&key, b"boxd machine binding 1");
        tag.as_ref().try_into().ok().map(Self)
    }

    pub(super) fn bytes(self) -> [u8; 32] {
        self.0
    }
}

/// What the system calls this machine: machine-id(5), gethostuuid(2), `MachineGuid`.
fn text() -> Option<String> {
    #[cfg(target_os = "macos")]
    return boxd_os::macos::host_uuid();
    #[cfg(windows)]
    return boxd_os::windows::machine_guid();
    #[cfg(not(any(windows, target_os = "macos")))]
    std::fs::read_to_string("/etc/machine-id").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_real_machine_id_counts() {
        let id = MachineId::of_text("3d1219c7c4c5404aaa1f6d2a48adfda4\n").unwrap();
        assert_ne!(id, MachineId::of_text("3d1219c7c4c5404aaa1f6d2a48adfda5").unwrap());
        let of_windows = MachineId::of_text("3D1219C7-C4C5-404A-AA1F-6D2A48ADFDA4");
        assert_eq!(of_windows, Some(id));
        for unstable in ["", "uninitialized", &"0".repeat(32), &"z".repeat(32), "3d12"] {
            assert_eq!(MachineId::of_text(unstable), None, "{unstable}");
        }
    }
}
