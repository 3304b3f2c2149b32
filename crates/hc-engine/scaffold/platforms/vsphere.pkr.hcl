# Layer 2 for VMware vSphere: where the virtual machine is built and who may.

variable "vsphere_server" {
  type        = string
  description = "Host name of the vCenter server."
}

variable "vsphere_username" {
  type        = string
  description = "Account that builds."
}

variable "vsphere_password" {
  type        = string
  description = "Its password."
  sensitive   = true
}

variable "vsphere_insecure_connection" {
  type        = bool
  description = "Accepts a certificate of the vCenter server that nobody signed."
  default     = false
}

variable "vsphere_datacenter" {
  type        = string
  description = "Datacenter."
}

variable "vsphere_cluster" {
  type        = string
  description = "Cluster that runs the machine during the build."
}

variable "vsphere_datastore" {
  type        = string
  description = "Datastore of the machine's disks."
}

variable "vsphere_network" {
  type        = string
  description = "Port group of the machine's network card."
}

variable "vsphere_folder" {
  type        = string
  description = "Folder that the template is kept in."
  default     = "templates"
}
