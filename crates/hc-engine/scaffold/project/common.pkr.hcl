# Layer 1: what every builder has. hybrid stages it as 00-common.pkr.hcl beside the builder's own files.
# Every variable has a default, so that packer also runs on a composed directory without hybrid.

# --- set by hybrid for each build; they name a run and are never part of what is hashed ---

variable "hybrid_output_dir" {
  type        = string
  description = "Directory that the build creates and writes its image files to."
  default     = "output"
}

variable "hybrid_manifest" {
  type        = string
  description = "File that the manifest post-processor writes; one per attempt."
  default     = "packer-manifest.json"
}

variable "hybrid_build_id" {
  type        = string
  description = "Unique id of the build."
  default     = "manual"
}

variable "hybrid_run_id" {
  type        = string
  description = "Id of the hybrid command that started the build."
  default     = "manual"
}

variable "hybrid_env" {
  type        = string
  description = "Environment that the image is built for."
  default     = "dev"
}

variable "hybrid_root" {
  type        = string
  description = "Project root; empty where packer runs without hybrid."
  default     = ""
}

# --- provisioner stacks, switched by `hybrid provisioners` ---

variable "enable_ansible" {
  type        = bool
  description = "Whether the Ansible stack is applied."
  default     = true
}

# --- what images of all platforms agree on ---

variable "owner" {
  type        = string
  description = "Team that answers for the image."
  default     = "platform"
}

variable "hostname" {
  type        = string
  description = "Host name in the image."
  default     = "golden"

  validation {
    # Without regex(), which packer 1.6 does not have: nothing is left when all allowed characters are gone.
    condition     = var.hostname != "" && trim(var.hostname, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
    error_message = "The hostname must be a lower-case host name without a domain."
  }
}

variable "motd_text" {
  type        = string
  description = "Message of the day."
  default     = "Authorized use only."
}
