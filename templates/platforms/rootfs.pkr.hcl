# Layer 2 for root file systems: made on this machine, in a directory, by mmdebstrap. Needs root, no hypervisor.

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

variable "rootfs_compression" {
  type        = number
  description = "Level of zstd, 1 to 19."
  default     = 9

  validation {
    condition     = var.rootfs_compression >= 1 && var.rootfs_compression <= 19
    error_message = "The rootfs_compression must be between 1 and 19."
  }
}

variable "source_date_epoch" {
  type        = number
  description = "Newest time that files in the image may have, in seconds since 1970: equal inputs give equal images."
  default     = 1767225600
}

variable "puppet_server" {
  type        = string
  description = "Server of the agent in puppet_mode server."
  default     = "puppet"
}
