# Layer 2 for root file systems: made on this machine by mmdebstrap, without a hypervisor.

variable "rootfs_suite" {
  type        = string
  description = "Debian release. Its packages come from the apt sources of the building machine."
  default     = "bookworm"
}

variable "rootfs_packages" {
  type        = list(string)
  description = "Packages beyond mmdebstrap's minbase."
  default     = []
}
