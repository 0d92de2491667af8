// Names that bundled packages expect to exist while they are evaluated; index.js removes them again.
globalThis.Atomics ??= {}
globalThis.SharedArrayBuffer ??= class SharedArrayBuffer {}
