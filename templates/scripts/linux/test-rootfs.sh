#!/usr/bin/env bash
# Smoke test of linux.rootfs.minimal: unpacks the image, starts a shell in it, and looks at what it promises.
# $1 is the image, or any file beside it.
# shellcheck disable=SC2016,SC2317 # the checks are commands given to others
set -euo pipefail
export PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

image=${1:?usage: test-rootfs.sh IMAGE}
[[ $image == *.tar.zst ]] || image=$(dirname "$image")/rootfs.tar.zst
[ -f "$image" ] || {
  echo "error: $image does not exist" >&2
  exit 1
}
if [ "$(id -u)" -ne 0 ]; then
  exec sudo -n -- "$0" "$image"
fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
tar --extract --zstd --file "$image" --directory "$root" --numeric-owner --xattrs --xattrs-include='*'

failed=0
check() {
  local what=$1
  shift
  if "$@" >/dev/null 2>&1; then
    echo "ok      $what"
  else
    echo "FAILED  $what"
    failed=1
  fi
}
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"; }
empty() { [ -e "$1" ] && [ ! -s "$1" ]; }
none() { [ -z "$(find "$@" -print -quit 2>/dev/null)" ]; }
said() { grep -qx "$1" "$root/etc/hybrid-release"; }

check "a shell starts under chroot" inside /bin/bash -lc 'exit 0'
check "it is Debian" inside /bin/sh -c '. /etc/os-release && [ "$ID" = debian ]'
check "dpkg finds nothing half-installed" inside /bin/sh -c '[ -z "$(dpkg --audit)" ]'
check "the host name is set" test -s "$root/etc/hostname"
check "machine-id is empty" empty "$root/etc/machine-id"
check "no ssh host keys" none "$root/etc/ssh" -name 'ssh_host_*'
check "no apt lists" none "$root/var/lib/apt/lists" -type f
check "no logs" none "$root/var/log" -type f
check "no leftovers in /tmp" none "$root/tmp" -mindepth 1
check "root has no password" inside /bin/sh -c 'case $(getent shadow root | cut -d: -f2) in "*" | "!"*) ;; *) exit 1 ;; esac'

if said ANSIBLE=true; then
  check "ansible: message of the day" test -s "$root/etc/motd"
  check "ansible: operator account" inside id operator-image
  check "ansible: kernel settings" test -s "$root/etc/sysctl.d/60-hardening.conf"
  check "ansible: new files are private" inside /bin/sh -c 'grep -Eq "^UMASK[[:space:]]+027" /etc/login.defs'
  check "ansible: core dumps are off" grep -q 'hard *core *0' "$root/etc/security/limits.d/60-hardening.conf"
  check "ansible: chfn is not setuid" inside /bin/sh -c '[ ! -u /usr/bin/chfn ]'
fi
if said PUPPET=apply; then
  check "puppet: banner" grep -q Puppet "$root/etc/issue.net"
  check "puppet: cron is closed" test -f "$root/etc/cron.allow"
fi
if said PUPPET=server; then
  check "puppet: the agent knows its server" grep -q '^server = ' "$root/etc/puppet/puppet.conf"
fi
exit "$failed"
