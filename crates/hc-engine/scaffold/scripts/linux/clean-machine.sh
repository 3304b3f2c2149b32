#!/bin/sh
# Removes from a machine what must not be in its image: identity, keys of the host, caches, traces of the build.
set -eu

if command -v cloud-init >/dev/null 2>&1; then
  cloud-init clean --logs
fi
: >/etc/machine-id
rm -f /var/lib/dbus/machine-id /var/lib/systemd/random-seed /etc/ssh/ssh_host_*
apt-get clean
rm -rf /var/lib/apt/lists/* /tmp/* /var/tmp/* /root/.ansible
find /var/log -type f -exec truncate -s 0 {} +
rm -f /root/.bash_history
sync
