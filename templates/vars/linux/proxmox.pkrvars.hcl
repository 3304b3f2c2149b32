iso_file             = "local:iso/debian-12-netinst.iso"
proxmox_storage_pool = "local-lvm"
proxmox_template     = "debian-12-cloud"
