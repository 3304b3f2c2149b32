hostname        = "seed"
rootfs_packages = ["linux-image-cloud-amd64", "systemd-sysv", "dbus", "udev", "openssh-server", "python3", "iproute2"]
