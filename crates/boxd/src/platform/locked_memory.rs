//! Memory of its own for a secret: never swapped out, left out of core files, and wiped at the end.

use std::{
    alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error},
    hint::black_box,
    ptr::NonNull,
};

use zeroize::Zeroize as _;

/// More than a cipher needs of the stack.
const STACK_SCRUBBED: usize = 16 * 1024;

/// A value in pages that hold nothing else.
pub(crate) struct LockedMemory<T> {
    value: NonNull<T>,
    layout: Layout,
    locked: Result<(), String>,
}

impl<T> LockedMemory<T> {
    /// Makes the value, moves it into its pages, and wipes what the making left on the stack.
    pub(crate) fn of(make: impl FnOnce() -> Option<T>) -> Option<Self> {
        let placed = Self::place(make);
        scrub_stack();
        placed
    }

    #[inline(never)]
    fn place(make: impl FnOnce() -> Option<T>) -> Option<Self> {
        let made = make()?;
        let page = page_size();
        let length = size_of::<T>().max(1).next_multiple_of(page);
        let layout = Layout::from_size_align(length, page.max(align_of::<T>())).ok()?;
        #[expect(unsafe_code, reason = "no safe interface gives whole pages")]
        // SAFETY: the layout has a size above zero.
        let start = unsafe { alloc_zeroed(layout) };
        let Some(value) = NonNull::new(start.cast::<T>()) else { handle_alloc_error(layout) };
        let locked = lock(start, length);
        #[expect(unsafe_code, reason = "the value is put into its pages")]
        // SAFETY: the pages are large enough and aligned for a `T`, and nothing else refers to them.
        unsafe {
            value.write(made);
        }
        Some(Self { value, layout, locked })
    }

    /// Whether the pages are locked; the system's reason where not.
    pub(crate) fn locked(&self) -> Result<(), &str> {
        self.locked.as_ref().map(|&()| ()).map_err(String::as_str)
    }
}

impl<T> std::ops::Deref for LockedMemory<T> {
    type Target = T;

    fn deref(&self) -> &T {
        #[expect(unsafe_code, reason = "the value lies in its pages")]
        // SAFETY: `of` put a value there, which lives as long as `self`.
        unsafe {
            self.value.as_ref()
        }
    }
}

impl<T> Drop for LockedMemory<T> {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "the value lies in its pages")]
        // SAFETY: `of` put a value there, in pages that it allocated with this layout; nobody uses them after this.
        unsafe {
            self.value.drop_in_place();
            let start = self.value.as_ptr().cast::<u8>();
            std::slice::from_raw_parts_mut(start, self.layout.size()).zeroize();
            unlock(start, self.layout.size());
            dealloc(start, self.layout);
        }
    }
}

#[expect(unsafe_code, reason = "a pointer is neither Send nor Sync by itself")]
// SAFETY: the value is owned, and reached only as `&T` or when it is dropped.
unsafe impl<T: Send> Send for LockedMemory<T> {}
#[expect(unsafe_code, reason = "a pointer is neither Send nor Sync by itself")]
// SAFETY: only `&T` is ever handed out.
unsafe impl<T: Sync> Sync for LockedMemory<T> {}

#[cfg(unix)]
fn page_size() -> usize {
    rustix::param::page_size()
}

#[cfg(not(unix))]
fn page_size() -> usize {
    4096
}

#[cfg(unix)]
fn lock(start: *mut u8, length: usize) -> Result<(), String> {
    #[expect(unsafe_code, reason = "a range of memory is named by a pointer")]
    // SAFETY: the range is ours; neither call changes what is in it.
    let locked = unsafe {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Err(error) = rustix::mm::madvise(start.cast(), length, rustix::mm::Advice::LinuxDontDump) {
            tracing::debug!(%error, "the key's memory is not left out of core files");
        }
        rustix::mm::mlock(start.cast(), length)
    };
    locked.map_err(|error| error.to_string())
}

#[cfg(not(unix))]
fn lock(_start: *mut u8, _length: usize) -> Result<(), String> {
    Err("not done on this system".to_owned())
}

/// # Safety
/// The range must be what [`lock`] was called with.
#[cfg(unix)]
#[expect(unsafe_code, reason = "a range of memory is named by a pointer")]
unsafe fn unlock(start: *mut u8, length: usize) {
    // SAFETY: as promised by the caller. A range that was never locked is no harm.
    let unlocked = unsafe {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Err(error) = rustix::mm::madvise(start.cast(), length, rustix::mm::Advice::LinuxDoDump) {
            tracing::debug!(%error, "memory stays left out of core files");
        }
        rustix::mm::munlock(start.cast(), length)
    };
    if let Err(error) = unlocked {
        tracing::debug!(%error, "memory stays locked");
    }
}

/// # Safety
/// Nothing is asked of the caller; the other systems do.
#[cfg(not(unix))]
#[expect(unsafe_code, reason = "the other systems need a promise")]
unsafe fn unlock(_start: *mut u8, _length: usize) {}

/// Overwrites what calls that have returned left on the stack. Best effort: the compiler promises nothing about it.
#[inline(never)]
pub(crate) fn scrub_stack() {
    black_box(&mut [0_u8; STACK_SCRUBBED]);
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    struct Counted(Arc<AtomicUsize>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_value_is_kept_and_dropped_once() {
        let dropped = Arc::new(AtomicUsize::new(0));
        let memory = LockedMemory::of(|| Some(Counted(Arc::clone(&dropped)))).unwrap();
        assert_eq!((Arc::strong_count(&memory.0), dropped.load(Ordering::Relaxed)), (2, 0));
        drop(memory);
        assert_eq!((Arc::strong_count(&dropped), dropped.load(Ordering::Relaxed)), (1, 1));
        assert!(LockedMemory::<Counted>::of(|| None).is_none());
        assert_eq!(*LockedMemory::of(|| Some([7_u8; 10_000])).unwrap(), [7; 10_000]);
    }
}
