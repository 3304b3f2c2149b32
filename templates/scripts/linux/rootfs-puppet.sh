#!/usr/bin/env bash
# Applies the Puppet manifests inside the root file system, or sets up its agent for a server.
# ROOTFS_PUPPET_MODE (apply, server), ROOTFS_PUPPET_SERVER.
# shellcheck source=rootfs-common.sh
. "$(dirname "$0")/rootfs-common.sh"

[ -x "$root/usr/bin/puppet" ] || die "puppet is not installed in the root file system"

case "${ROOTFS_PUPPET_MODE:?}" in
  server)
    printf '[main]\nserver = %s\n\n[agent]\nruninterval = 30m\n' "${ROOTFS_PUPPET_SERVER:?}" >"$root/etc/puppet/puppet.conf"
    echo "the agent will ask ${ROOTFS_PUPPET_SERVER} from its first boot on"
    ;;
  apply)
    puppet=$(cd "${ROOTFS_TEMPLATES:?}/puppet" && pwd)
    mount -t sysfs -o ro sysfs "$root/sys"
    mkdir -p "$root/tmp/puppet"
    # The tree is seen, never copied: nothing of it stays in the image.
    mount --bind "$puppet" "$root/tmp/puppet"
    mount -o remount,bind,ro "$root/tmp/puppet"
    # 0: nothing to do, 2: changed; 4 and 6: failures. In a process namespace of its own Facter looks at processes
    # of the image, not of this machine.
    status=0
    unshare --pid --fork --kill-child --mount-proc="$root/proc" chroot "$root" /usr/bin/puppet apply \
      --detailed-exitcodes --color false --vardir /tmp/puppet-var --ssldir /tmp/puppet-var/ssl \
      --modulepath /tmp/puppet/modules --hiera_config /tmp/puppet/hiera.yaml \
      /tmp/puppet/manifests/site.pp || status=$?
    umount "$root/tmp/puppet"
    rm -rf "$root/tmp/puppet" "$root/tmp/puppet-var"
    case $status in
      0 | 2) ;;
      *) die "puppet apply failed ($status)" ;;
    esac
    ;;
  *) die "puppet_mode is apply or server, not $ROOTFS_PUPPET_MODE" ;;
esac
