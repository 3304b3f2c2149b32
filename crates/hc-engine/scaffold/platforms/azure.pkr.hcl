# Layer 2 for Microsoft Azure: where the machine is built and who may.

variable "azure_tenant_id" {
  type        = string
  description = "Tenant of the service principal."
}

variable "azure_subscription_id" {
  type        = string
  description = "Subscription that pays for the build and holds the image."
}

variable "azure_client_id" {
  type        = string
  description = "Service principal that builds."
}

variable "azure_client_secret" {
  type        = string
  description = "Its secret."
  sensitive   = true
}

variable "azure_location" {
  type        = string
  description = "Region of build and image."
}

variable "azure_resource_group" {
  type        = string
  description = "Resource group that holds the image."
}

variable "azure_vm_size" {
  type        = string
  description = "Size of the machine during the build."
  default     = "Standard_D2s_v5"
}
