#!/usr/bin/env bash
# Makes the root file system start as a machine: mounts, network, SSH. No account has a password or a key: a key
# comes from outside, as the systemd credential ssh.authorized_keys.root, and lives as long as the machine wants.
# shellcheck source=rootfs-common.sh
. "$(dirname "$0")/rootfs-common.sh"

[ -d "$root" ] || die "there is no root file system to work on"

printf '/dev/vda / ext4 defaults,noatime 0 1\n' >"$root/etc/fstab"
mkdir -p "$root/etc/systemd/network"
printf '[Match]\nName=en* eth*\n\n[Network]\nDHCP=ipv4\n' >"$root/etc/systemd/network/80-dhcp.network"
cat >"$root/etc/systemd/system/ssh-host-keys.service" <<'UNIT'
[Unit]
Description=SSH host keys of this machine, made at its first start
Before=ssh.service
ConditionPathExistsGlob=!/etc/ssh/ssh_host_*_key

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A

[Install]
WantedBy=multi-user.target
UNIT
# The image's own systemctl: a machine that only builds images need not have one.
units() { chroot "$root" systemctl --quiet "$@"; }
units enable systemd-networkd.service ssh.service ssh-host-keys.service
# An image is replaced, not updated; and nobody waits for the network at its start.
units mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
  fstrim.timer systemd-networkd-wait-online.service
