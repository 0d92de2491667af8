#!/usr/bin/env bash
# Builds the Javy plugin from source into plugin.wasm, and writes the digest of its sources beside it. Needs npm for js/.
#   build.sh          build (takes about five minutes)
#   build.sh --check  only compare the committed digest with the sources; needs no toolchain
# With rustup's wasm32-wasip1 target and $WASI_SDK set, those are used; else Debian's packages are unpacked into
# $SWARMLAMBDA_TOOLCHAIN (default ~/.cache/swarmlambda/toolchain): nothing is installed over the system.
set -euo pipefail
cd "$(dirname "$0")"

digest() { sha256sum Cargo.toml Cargo.lock build.sh quickjs.patch $(find src js quickjs -name node_modules -prune -o -type f -print | LC_ALL=C sort) | sha256sum | cut -d' ' -f1; }

if [ "${1:-}" = --check ]; then
  want="sources $(digest)
plugin $(sha256sum < plugin.wasm | cut -d' ' -f1)"
  [ "$want" = "$(cat plugin.digest)" ] && exit 0
  echo "crates/plugin: plugin.wasm was not built from these sources. Run: npm run build:plugin" >&2
  exit 1
fi

toolchain=${SWARMLAMBDA_TOOLCHAIN:-$HOME/.cache/swarmlambda/toolchain}

unpack_debian_toolchain() {
  echo "unpacking Debian's WASM toolchain into $toolchain"
  mkdir -p "$toolchain/debs" "$toolchain/root" "$toolchain/apt/parts" "$toolchain/apt/lists" "$toolchain/apt/cache/archives/partial"
  cat > "$toolchain/apt/parts/trixie.sources" <<EOF
Types: deb
URIs: http://deb.debian.org/debian
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
EOF
  cat > "$toolchain/apt/apt.conf" <<EOF
Dir::State::lists "$toolchain/apt/lists";
Dir::State::status "/dev/null";
Dir::Cache "$toolchain/apt/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$toolchain/apt/parts";
EOF
  (
    cd "$toolchain/debs"
    apt-get download rustc-web libstd-rust-web-1.96 libstd-rust-web-dev rust-web-src clang-22 lld-22 llvm-22 libclang1-22 \
      libclang-cpp22 libllvm22 libclang-common-22-dev llvm-22-linker-tools libclang-rt-22-dev-wasm32 libz3-4
    # bookworm's wasi-libc is too old.
    APT_CONFIG="$toolchain/apt/apt.conf" apt-get update
    APT_CONFIG="$toolchain/apt/apt.conf" apt-get download wasi-libc=0.0~git20241209.574b88d-2
    for deb in *.deb; do dpkg -x "$deb" "$toolchain/root"; done
  )
  local usr=$toolchain/root/usr
  local libs=$usr/lib/x86_64-linux-gnu:$usr/lib/llvm-22/lib
  mkdir -p "$toolchain/sdk/bin" "$toolchain/sdk/share/wasi-sysroot/include" "$toolchain/sdk/share/wasi-sysroot/lib"
  ln -sfn "$usr/include/wasm32-wasip1" "$toolchain/sdk/share/wasi-sysroot/include/wasm32-wasip1"
  ln -sfn "$usr/lib/wasm32-wasip1" "$toolchain/sdk/share/wasi-sysroot/lib/wasm32-wasip1"
  wrap() { printf '#!/bin/sh\nexport LD_LIBRARY_PATH="%s"\nexec "%s" "$@"\n' "$libs" "$2" > "$toolchain/sdk/bin/$1" && chmod +x "$toolchain/sdk/bin/$1"; }
  wrap clang "$usr/lib/llvm-22/bin/clang"
  wrap ar "$usr/lib/llvm-22/bin/llvm-ar"
  wrap wasm-ld "$usr/lib/llvm-22/bin/wasm-ld"
  wrap rustc "$usr/bin/rustc"
  touch "$toolchain/unpacked"
}

# js/ in one file, which src/javascript.rs includes.
[ js/node_modules/.package-lock.json -nt js/package-lock.json ] || npm ci --prefix js --ignore-scripts --no-audit --no-fund
mkdir -p target
node js/build.mjs

# QuickJS with our changes and the files of ours that they include, where Cargo.toml's [patch] looks for it.
quickjs=0.12.2
quickjs_sha256=a13ac243b86a74120814ef7e9e30ad5a2c1199b7b9963b1cf7c84e4cdc1cad99
if ! [ -e target/rquickjs-sys/patched ] || [ -n "$(find quickjs quickjs.patch -newer target/rquickjs-sys/patched)" ]; then
  mkdir -p target/fetch/src
  : > target/fetch/src/lib.rs
  printf '[package]\nname = "fetch"\nedition = "2024"\n[workspace]\n[dependencies]\nrquickjs-sys = "=%s"\n' "$quickjs" > target/fetch/Cargo.toml
  cargo fetch --quiet --manifest-path target/fetch/Cargo.toml
  archives=("${CARGO_HOME:-$HOME/.cargo}"/registry/cache/*/"rquickjs-sys-$quickjs.crate")
  echo "$quickjs_sha256  ${archives[0]}" | sha256sum --check --quiet
  rm -rf target/rquickjs-sys
  mkdir target/rquickjs-sys
  tar xzf "${archives[0]}" -C target/rquickjs-sys --strip-components=1
  patch --directory target/rquickjs-sys --strip 1 --quiet < quickjs.patch
  cp quickjs/* target/rquickjs-sys/quickjs/
  # The archive's times are old; by this one cargo sees that there is something to compile.
  touch target/rquickjs-sys/build.rs target/rquickjs-sys/patched
fi

features="-C target-feature=+simd128,+bulk-memory"
# QuickJS's assertions cost functions that compute up to a quarter.
flags="-O3 -msimd128 -mbulk-memory -DNDEBUG"
if [ -n "${WASI_SDK:-}" ] && rustc --print target-libdir --target wasm32-wasip1 2>/dev/null | xargs -r test -d; then
  CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="$features" CFLAGS_wasm32_wasip1="$flags" \
    cargo build --release --locked --target wasm32-wasip1
else
  [ -e "$toolchain/unpacked" ] || unpack_debian_toolchain
  usr=$toolchain/root/usr
  # The build's own programs (build scripts, bindgen) are made by the same compiler: one version, one lockfile.
  export RUSTC=$toolchain/sdk/bin/rustc RUSTC_BOOTSTRAP=1 WASI_SDK=$toolchain/sdk LIBCLANG_PATH=$usr/lib/llvm-22/lib
  export LD_LIBRARY_PATH=$usr/lib/x86_64-linux-gnu:$usr/lib/llvm-22/lib
  export CARGO_TARGET_WASM32_WASIP1_LINKER=$toolchain/sdk/bin/wasm-ld
  export CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="-C link-self-contained=no -C link-arg=$usr/lib/wasm32-wasip1/crt1-reactor.o -C link-arg=--export=_initialize -L native=$usr/lib/wasm32-wasip1 -L native=$usr/lib/llvm-22/lib/clang/22/lib/wasi $features --remap-path-prefix=$HOME=/home --remap-path-prefix=$PWD=/plugin --remap-path-prefix=$toolchain=/toolchain"
  export CFLAGS_wasm32_wasip1="$flags" BINDGEN_EXTRA_CLANG_ARGS="-resource-dir=$usr/lib/llvm-22/lib/clang/22"
  cargo build --release --locked --target wasm32-wasip1 -Zbuild-std=std,panic_abort
fi
node js/precompile.mjs target/wasm32-wasip1/release/swarmlambda_plugin.wasm target/plugin.wasm
echo "optimising"
features=(simd bulk-memory bulk-memory-opt nontrapping-float-to-int sign-ext mutable-globals reference-types multivalue)
js/node_modules/.bin/wasm-opt -O3 -g "${features[@]/#/--enable-}" target/plugin.wasm -o plugin.wasm
printf 'sources %s\nplugin %s\n' "$(digest)" "$(sha256sum < plugin.wasm | cut -d' ' -f1)" > plugin.digest
ls -l plugin.wasm
