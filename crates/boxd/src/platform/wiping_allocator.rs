//! Wipes every block of the heap when it is given back, so that no buffer of a library leaves a token behind.
//!
//! Secrets of ours wipe themselves; but they also pass through buffers of HTTP, TLS, JSON and the native protocol,
//! and whatever grows is copied. One place that sees them all is surer than a wipe at each.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    hint::black_box,
};

/// The system's allocator, with a wipe at the end of each block's life.
#[derive(Clone, Copy, Debug, Default)]
pub struct WipingAllocator;

#[expect(unsafe_code, reason = "an allocator is unsafe by its nature")]
// SAFETY: every call is handed on to the system's allocator with the layout that it came with. `realloc` is the trait's
// own: a new block, a copy, and `dealloc` of the old one.
unsafe impl GlobalAlloc for WipingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as promised by the caller.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: the block is `layout.size()` bytes long, and its owner has given it up.
        unsafe {
            start.write_bytes(0, layout.size());
            // Without this the compiler may leave the write out: nothing reads it.
            System.dealloc(black_box(start), layout);
        }
    }
}
