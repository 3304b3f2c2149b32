# Layer 2 for QEMU: virtual machines on the building machine.

variable "qemu_accelerator" {
  type        = string
  description = "kvm, or tcg where the machine cannot virtualise."
  default     = "kvm"

  validation {
    condition     = contains(["kvm", "tcg", "hvf", "none"], var.qemu_accelerator)
    error_message = "The qemu_accelerator must be kvm, tcg, hvf or none."
  }
}

variable "qemu_headless" {
  type        = bool
  description = "Whether the machine's screen stays hidden."
  default     = true
}
