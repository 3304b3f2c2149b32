linux_iso_paths = ["[iso] debian/debian-12-netinst.iso"]
