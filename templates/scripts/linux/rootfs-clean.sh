#!/usr/bin/env bash
# Removes what belongs to this machine or this hour from the root file system.
# shellcheck source=rootfs-common.sh
. "$(dirname "$0")/rootfs-common.sh"

[ -d "$root" ] || die "there is no root file system to work on"

# Every machine made from the image finds its own identity at its first boot.
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root/var/lib/systemd/random-seed"
rm -f "$root"/etc/ssh/ssh_host_*

rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/cache/debconf/*-old
rm -rf "$root"/var/lib/dpkg/*-old "$root"/tmp/* "$root"/tmp/.[!.]* "$root"/var/tmp/*
rm -f "$root/root/.bash_history" "$root/root/.wget-hsts"
find "$root/var/log" -type f -delete
# Caches that name times or the order of the disk; ldconfig and python make them anew.
rm -f "$root/var/cache/ldconfig/aux-cache"
find "$root" -xdev -type d -name __pycache__ -prune -exec rm -rf {} +
# Backups that useradd and its relatives leave.
rm -f "$root"/etc/{passwd,shadow,group,gshadow,subuid,subgid}-
rm -f "$root/etc/.pwd.lock"
