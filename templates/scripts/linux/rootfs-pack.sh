#!/usr/bin/env bash
# Packs the root file system into rootfs.tar.zst, equal bytes for equal files, and removes the working directory.
# ROOTFS_COMPRESSION (level of zstd).
# shellcheck source=rootfs-common.sh
. "$(dirname "$0")/rootfs-common.sh"

[ -d "$root" ] || die "there is no root file system to work on"

dpkg-query --admindir="$root/var/lib/dpkg" --show --showformat '${Package} ${Version} ${Architecture}\n' |
  sort >"$ROOTFS_OUTPUT/rootfs.packages"
tar --create --directory "$root" --sort=name --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --clamp-mtime \
  --format=posix --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime --xattrs --one-file-system . |
  zstd --quiet --force -T0 "-${ROOTFS_COMPRESSION:-9}" -o "$ROOTFS_OUTPUT/rootfs.tar.zst"
rm -rf "$work"
if [ -n "${SUDO_UID:-}" ]; then
  chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$ROOTFS_OUTPUT"
fi
echo "packed $(wc -l <"$ROOTFS_OUTPUT/rootfs.packages") packages, $(stat -c %s "$ROOTFS_OUTPUT/rootfs.tar.zst") bytes"
