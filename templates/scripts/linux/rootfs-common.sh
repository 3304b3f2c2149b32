# shellcheck shell=bash
# Sourced by every rootfs-*.sh: strict mode, root in a private mount namespace, and the one working directory.
# Callers set ROOTFS_OUTPUT (the build's output directory), ROOTFS_TEMPLATES and SOURCE_DATE_EPOCH.
set -euo pipefail
umask 022
export PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export LC_ALL=C.UTF-8
# Packer 1.6 leaks descriptors into its scripts, and the shells of mmdebstrap's hooks cannot name one above 9.
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Runs the calling script again as root, in a mount namespace of its own: whatever happens to it, no mount stays.
as_root_in_namespace() {
  [ -z "${ROOTFS_NAMESPACE:-}" ] || return 0
  export ROOTFS_NAMESPACE=1
  if [ "$(id -u)" -eq 0 ]; then
    exec unshare --mount --propagation private -- bash "$0" "$@"
  fi
  sudo -n true 2>/dev/null || die "a root file system needs root: run hybrid as root, or allow sudo without a password"
  local -a vars
  mapfile -d '' vars < <(env -0 | grep -z -E '^(ROOTFS_|SOURCE_DATE_EPOCH=)')
  exec sudo -n -- unshare --mount --propagation private -- env "${vars[@]}" bash "$0" "$@"
}

as_root_in_namespace "$@"

: "${ROOTFS_OUTPUT:?}" "${SOURCE_DATE_EPOCH:?}"
export SOURCE_DATE_EPOCH
mkdir -p "$ROOTFS_OUTPUT"
ROOTFS_OUTPUT=$(cd "$ROOTFS_OUTPUT" && pwd)
# Below the output, so that whoever removes a failed build removes this too.
work=$ROOTFS_OUTPUT/.work
root=$work/root
export work root
