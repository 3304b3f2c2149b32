#!/bin/sh
# Generalises a machine for Azure: removes its accounts and lets the agent provision the next ones.
set -eu
/usr/sbin/waagent -force -deprovision+user
sync
