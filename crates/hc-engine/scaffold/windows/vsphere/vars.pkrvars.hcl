windows_iso_paths = [
  "[iso] windows/server-2022.iso",
  "[iso] vmware/tools-windows.iso",
]
