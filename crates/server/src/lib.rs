//! The HTTP fast path.
