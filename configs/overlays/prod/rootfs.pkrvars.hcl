# Small rather than quick to build, and with what production hosts expect.
rootfs_compression = 19
rootfs_packages    = ["ca-certificates", "tzdata"]
