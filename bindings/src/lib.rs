//! The Node-API module: converts, calls, converts.
