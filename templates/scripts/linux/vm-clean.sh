#!/bin/sh
# Removes what belongs to the build and not to the image. Host keys, machine id and the key of the run go last, with the
# command that stops the machine.
set -eu
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/tmp/* /root/.bash_history /var/lib/systemd/random-seed
rm -f /var/lib/dbus/machine-id
journalctl --rotate --quiet 2>/dev/null || true
find /var/log -type f -delete
rm -rf /var/log/journal/* /run/log/journal/*
sync
