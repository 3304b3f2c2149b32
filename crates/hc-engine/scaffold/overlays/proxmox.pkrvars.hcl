# Where images are built, and by whom. Secrets are fetched when packer starts, and never rendered.
proxmox_node         = "pve-${env}-1"
proxmox_password     = env("PROXMOX_PASSWORD")
proxmox_storage_pool = "local-lvm"
proxmox_url          = "https://proxmox.${env}.example.com:8006/api2/json"
proxmox_username     = "images@pve"
