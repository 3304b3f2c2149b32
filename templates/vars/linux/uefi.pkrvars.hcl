hostname = "uefi"
