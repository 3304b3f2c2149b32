hostname        = "seed"
rootfs_packages = ["linux-image-cloud-amd64", "grub-pc-bin", "grub-efi-amd64-bin", "systemd-sysv", "dbus", "udev", "openssh-server", "python3", "iproute2"]
