#!/usr/bin/env bash
# Turns the root file system into disk.qcow2, with vmlinuz and initrd.img beside it, and removes the working directory.
# ROOTFS_DISK_SIZE (with its unit).
# shellcheck source=rootfs-common.sh
. "$(dirname "$0")/rootfs-common.sh"

[ -d "$root" ] || die "there is no root file system to work on"

kernel=$(find "$root/boot" -name 'vmlinuz-*' | sort -V | tail -n 1)
[ -n "$kernel" ] || die "the root file system has no kernel"
cp "$kernel" "$ROOTFS_OUTPUT/vmlinuz"
cp "${kernel/vmlinuz/initrd.img}" "$ROOTFS_OUTPUT/initrd.img"
truncate --size "${ROOTFS_DISK_SIZE:?}" "$work/disk.raw"
# Without mounting anything; the same identifiers for the same inputs.
mkfs.ext4 -q -F -L root -U 6f1d5a52-0c43-4a8e-9b57-1f3a7a1f2c11 \
  -E hash_seed=6f1d5a52-0c43-4a8e-9b57-1f3a7a1f2c12 -d "$root" "$work/disk.raw"
qemu-img convert -O qcow2 "$work/disk.raw" "$ROOTFS_OUTPUT/disk.qcow2"
rm -rf "$work"
if [ -n "${SUDO_UID:-}" ]; then
  chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$ROOTFS_OUTPUT"
fi
echo "disk of $ROOTFS_DISK_SIZE, $(stat -c %s "$ROOTFS_OUTPUT/disk.qcow2") bytes"
