vsphere_cluster    = "build"
vsphere_datacenter = "dc1"
vsphere_datastore  = "images"
vsphere_network    = "build"
windows_iso_paths = [
  "[iso] windows/server-2022.iso",
  "[iso] vmware/tools-windows.iso",
]
