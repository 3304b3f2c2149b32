hostname = "bios"
