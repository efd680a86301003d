# For the scripts here that build for another system (sourced, not run). What comes out:
#   cross TARGET        makes sure that `$cargo` can build for TARGET, by rustup's std or by one built here
#   $cargo              the cargo to call, with --target TARGET; `$clippy` is its clippy
#   $target             the cargo target directory; everything that is kept lies in $target/cross
# With rustup and its `rustup target add TARGET` nothing is built here. Where that cannot be had, Debian's own
# compiler (rustc-web, with the sources of std) builds std once, in one to three minutes.
# shellcheck shell=bash disable=SC2034
set -euo pipefail
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 DEBIAN_FRONTEND=noninteractive
PATH=$PATH:$HOME/.cargo/bin
target=${CARGO_TARGET_DIR:-$PWD/target}
kept=$target/cross
mkdir -p "$kept"

die() {
    echo "FAILED: $*" >&2
    exit 1
}
run() {
    echo "+ $*"
    "$@"
}
# The Debian packages of these names, where they are not installed.
packages() {
    local missing=() name
    for name; do
        [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$name" 2>/dev/null)" = "ii " ] || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || die "missing: ${missing[*]}"
    run apt-get -q -o DPkg::Lock::Timeout=600 update >"$kept/apt.log" 2>&1 || tail -n 5 "$kept/apt.log" >&2
    run apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends "${missing[@]}" >"$kept/apt.log" 2>&1 ||
        { tail -n 20 "$kept/apt.log" >&2; die "apt-get install ${missing[*]}"; }
}

cross() {
    local triple=$1
    if [ -d "$(rustc --print target-libdir --target "$triple" 2>/dev/null)" ] && cargo clippy --version >/dev/null 2>&1; then
        cargo=(cargo) clippy=(cargo clippy)
        export CARGO_TARGET_DIR=$target
    else
        packages rustc-web cargo-web rust-web-clippy rust-web-src ca-certificates
        # rustup's shims must not win: compiler and std have to be of one version. Cargo looks for `cargo-clippy` in
        # its own folder first, so that is called by its path.
        unset RUSTC RUSTUP_TOOLCHAIN CARGO RUSTFLAGS CARGO_ENCODED_RUSTFLAGS RUSTC_WRAPPER
        PATH=/usr/bin:/bin:/usr/sbin:/sbin
        cargo=(/usr/bin/cargo) clippy=(/usr/bin/cargo-clippy clippy)
        own_std "$triple"
        # A folder of its own: `cargo` of another version would build everything anew each time.
        export CARGO_TARGET_DIR=$kept/target
    fi
    "${cargo[@]}" --version
}

# std for a triple, built by Debian's compiler into a sysroot of our own, which only code for this triple sees.
own_std() {
    local triple=$1 sysroot work library name
    sysroot=$kept/$(/usr/bin/rustc -V | cut -d' ' -f2)-$triple
    library=$sysroot/lib/rustlib/$triple/lib
    name=${triple//-/_}
    export "CARGO_TARGET_${name^^}_RUSTFLAGS=--sysroot=$sysroot"
    [ ! -d "$library" ] || return 0
    echo "+ build std for $triple (once)"
    work=$(mktemp -d "$kept/std.XXXX")
    mkdir "$work/src"
    printf '[package]\nname = "nothing"\nversion = "0.0.0"\nedition = "2021"\n[profile.release]\ndebug = 0\n[workspace]\n' >"$work/Cargo.toml"
    echo '#![no_std]' >"$work/src/lib.rs"
    (
        cd "$work"
        unset "CARGO_TARGET_${name^^}_RUSTFLAGS"
        CARGO_TARGET_DIR=$work/target RUSTC_BOOTSTRAP=1 /usr/bin/cargo build --release --target "$triple" \
            -Zbuild-std=std,panic_abort,panic_unwind,proc_macro,test >log 2>&1
    ) || { tail -n 20 "$work/log" >&2; die "std for $triple"; }
    mkdir -p "$work/library"
    find "$work/target/$triple/release/deps" -name 'lib*.rlib' ! -name 'libnothing*' -exec cp {} "$work/library/" \;
    mkdir -p "$(dirname "$library")"
    mv "$work/library" "$library"
    rm -r "$work"
}
