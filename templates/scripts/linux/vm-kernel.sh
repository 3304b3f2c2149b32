#!/bin/sh
# Puts the kernel and initrd that the disk was started with beside it. PARENT, OUTPUT (directories).
set -eu
cp "${PARENT:?}/vmlinuz" "$PARENT/initrd.img" "${OUTPUT:?}/"
