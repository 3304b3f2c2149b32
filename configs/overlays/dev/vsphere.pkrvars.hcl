# Who builds on the dev vCenter. Secrets are fetched when packer starts, and never rendered.
vsphere_server   = "vcenter.dev.example.com"
vsphere_username = "svc-images-dev@vsphere.local"
vsphere_password = env("VSPHERE_PASSWORD")
winrm_password   = env("HYBRID_WINRM_PASSWORD")
