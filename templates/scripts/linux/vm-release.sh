#!/bin/sh
# Says what the image is: host name and /etc/hybrid-release. IMAGE_HOSTNAME, IMAGE_RELEASE (words KEY=VALUE).
set -eu
printf '%s\n' "${IMAGE_HOSTNAME:?}" >/etc/hostname
printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s\n::1\tlocalhost ip6-localhost ip6-loopback\n' "$IMAGE_HOSTNAME" >/etc/hosts
printf '%s\n' "${IMAGE_RELEASE:?}" | tr ' ' '\n' >/etc/hybrid-release
