#!/usr/bin/env bash
# Makes a Debian root file system as a tarball: ROOTFS_OUTPUT (directory), ROOTFS_SUITE, ROOTFS_PACKAGES (comma
# separated), ROOTFS_HOSTNAME. mmdebstrap needs root or unprivileged user namespaces.
set -euo pipefail
mkdir -p "${ROOTFS_OUTPUT:?}"
export ROOTFS_HOSTNAME="${ROOTFS_HOSTNAME:?}"

options=(--variant=minbase)
[ -z "${ROOTFS_PACKAGES:-}" ] || options+=("--include=$ROOTFS_PACKAGES")
# shellcheck disable=SC2016 # mmdebstrap's shell expands these.
options+=('--customize-hook=echo "$ROOTFS_HOSTNAME" >"$1/etc/hostname"' '--customize-hook=rm -f "$1/etc/resolv.conf"')

# The mirrors of this machine are used where they carry the suite; otherwise mmdebstrap takes its own.
mirrors=()
if grep -qrs "\b${ROOTFS_SUITE:?}\b" /etc/apt/sources.list /etc/apt/sources.list.d/; then
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list; do
    if grep -qs "\b$ROOTFS_SUITE\b" "$file"; then mirrors+=("$file"); fi
  done
fi

# Packer leaves its own files open for its children. With ten of them mmdebstrap's pipe to apt gets a number of two
# digits, which dash cannot redirect ("Bad fd number"). This shell keeps them, among them the build lock of hybrid.
(
  for fd in /proc/"$BASHPID"/fd/*; do
    fd=${fd##*/}
    if [ "$fd" -gt 2 ] && [ "$fd" -ne 255 ]; then eval "exec $fd>&-"; fi
  done
  exec mmdebstrap "${options[@]}" "$ROOTFS_SUITE" "$ROOTFS_OUTPUT/rootfs.tar" "${mirrors[@]}" 2>&1
)
