# Who builds on the dev Proxmox cluster. Secrets are fetched when packer starts, and never rendered.
proxmox_node     = "pve-dev-1"
proxmox_password = env("PROXMOX_PASSWORD")
proxmox_url      = "https://proxmox.dev.example.com:8006/api2/json"
proxmox_username = "images@pve"
ssh_password     = env("HYBRID_SSH_PASSWORD")
