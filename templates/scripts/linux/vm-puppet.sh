#!/bin/sh
# Applies the Puppet manifests that were copied to /tmp/puppet. PUPPET_MODE: apply; a server is asked at first boot.
set -eu
if [ "${PUPPET_MODE:?}" = apply ]; then
  status=0
  puppet apply --detailed-exitcodes --color false --modulepath /tmp/puppet/modules \
    --hiera_config /tmp/puppet/hiera.yaml /tmp/puppet/manifests/site.pp || status=$?
  # 0: nothing to do, 2: changed; 4 and 6: failures.
  case $status in 0 | 2) ;; *) exit "$status" ;; esac
fi
rm -rf /tmp/puppet
