iso_file = "local:iso/debian-12-netinst.iso"
