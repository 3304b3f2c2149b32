# Layer 2 for Proxmox VE: where the virtual machine is built and who may.

variable "proxmox_url" {
  type        = string
  description = "URL of the API, ending in /api2/json."

  validation {
    condition     = substr(var.proxmox_url, 0, 8) == "https://"
    error_message = "The proxmox_url must be an https URL; it ends in /api2/json."
  }
}

variable "proxmox_username" {
  type        = string
  description = "Account that builds, with its realm."
}

variable "proxmox_password" {
  type        = string
  description = "Its password."
  sensitive   = true
}

variable "proxmox_insecure_skip_tls_verify" {
  type        = bool
  description = "Accepts a certificate of the API that nobody signed."
  default     = false
}

variable "proxmox_node" {
  type        = string
  description = "Node that runs the machine during the build."
}

variable "proxmox_storage_pool" {
  type        = string
  description = "Storage of the machine's disk."
}

variable "proxmox_storage_pool_type" {
  type        = string
  description = "Kind of that storage."
  default     = "lvm-thin"
}

variable "proxmox_bridge" {
  type        = string
  description = "Bridge of the machine's network card."
  default     = "vmbr0"
}
