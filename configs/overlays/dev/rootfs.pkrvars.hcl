# Quick to build rather than small.
rootfs_compression = 3
