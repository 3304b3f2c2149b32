#!/usr/bin/env bash
# Looks into a disk image without starting it. $1 is the image.
set -euo pipefail
export PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

image=${1:?usage: test-disk.sh IMAGE}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
qemu-img check -q "$image"
qemu-img convert -O raw "$image" "$work/disk.raw"
# Of a disk with partitions, the third is the root file system: where it is stands in its entry of the table.
if [ "$(dd if="$work/disk.raw" bs=1 skip=512 count=8 status=none | tr -d '\0')" = "EFI PART" ]; then
  read -r first last < <(od -An -t u8 -j $((1024 + 2 * 128 + 32)) -N 16 "$work/disk.raw")
  dd if="$work/disk.raw" of="$work/system.raw" bs=512 skip="$first" count=$((last - first + 1)) conv=sparse status=none
  mv "$work/system.raw" "$work/disk.raw"
fi
# What reads this reads to the end (grep -c, not -q): with pipefail a closed pipe would be a failure.
disk() { debugfs -R "$1" "$work/disk.raw" 2>/dev/null; }
content() { disk "cat $1"; }

failed=0
check() {
  local what=$1
  shift
  if "$@"; then
    echo "ok      $what"
  else
    echo "FAILED  $what"
    failed=1
  fi
}
sound() { e2fsck -fn "$work/disk.raw" >/dev/null 2>&1; }
empty() { disk "stat $1" | grep -c 'Size: 0$' >/dev/null; }
absent() { [ -z "$(disk "stat $1")" ]; }
no_host_keys() { ! disk "ls -p /etc/ssh" | grep -c ssh_host_ >/dev/null; }
locked_root() { content /etc/shadow | grep -c '^root:[*!]' >/dev/null; }
has_package() { content /var/lib/dpkg/status | grep -cx "Package: $1" >/dev/null; }

check "the file system is sound" sound
check "the image says what it is" test -n "$(content /etc/hybrid-release)"
check "machine-id is empty" empty /etc/machine-id
check "no ssh host keys" no_host_keys
check "no authorized keys" absent /root/.ssh/authorized_keys
check "root has no password" locked_root
check "a kernel is installed" has_package linux-image-cloud-amd64
check "ssh is installed" has_package openssh-server
exit "$failed"
