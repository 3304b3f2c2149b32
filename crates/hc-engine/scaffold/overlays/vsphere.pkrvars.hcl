# Where images are built, and by whom. Secrets are fetched when packer starts, and never rendered.
vsphere_cluster    = "build"
vsphere_datacenter = "dc1"
vsphere_datastore  = "images"
vsphere_network    = "build"
vsphere_password   = env("VSPHERE_PASSWORD")
vsphere_server     = "vcenter.${env}.example.com"
vsphere_username   = "svc-images@vsphere.local"
