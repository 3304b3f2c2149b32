rootfs_packages = ["ca-certificates"]
rootfs_suite    = "bookworm"
