# Who builds on the prod vCenter. Secrets are fetched when packer starts, and never rendered.
vsphere_server   = "vcenter.prod.example.com"
vsphere_username = "svc-images-prod@vsphere.local"
vsphere_password = env("VSPHERE_PASSWORD")
winrm_password   = env("HYBRID_WINRM_PASSWORD")
