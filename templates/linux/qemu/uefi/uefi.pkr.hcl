# Debian for hypervisors that start a disk under UEFI: the boot loader is on the disk, and nothing lies beside it.

variable "uefi_firmware" {
  type        = string
  description = "OVMF, the UEFI of QEMU: one file, without variables that outlive the build."
  default     = "/usr/share/ovmf/OVMF.fd"
}

source "qemu" "uefi" {
  qemu_binary          = "${path.root}/../../../scripts/linux/qemu-auto.sh"
  accelerator          = "tcg"
  headless             = true
  disable_vnc          = true
  disk_image           = true
  iso_url              = var.hybrid_parent_image
  iso_checksum         = "none"
  output_directory     = var.hybrid_output_dir
  vm_name              = "disk.qcow2"
  format               = "qcow2"
  disk_compression     = true
  disk_interface       = "virtio"
  disk_size            = var.vm_disk_size
  net_device           = "virtio-net"
  memory               = var.vm_memory_mib
  cpus                 = var.vm_cpus
  qemuargs             = concat(local.disk_args, [["-bios", var.uefi_firmware]])
  boot_wait            = "-1s"
  ssh_username         = "root"
  ssh_private_key_file = var.hybrid_ssh_private_key_file
  ssh_timeout          = var.ssh_timeout
  shutdown_command     = local.stop
}

build {
  sources = ["source.qemu.uefi"]

  provisioner "shell" {
    environment_vars = ["IMAGE_HOSTNAME=${var.hostname}", "IMAGE_RELEASE=IMAGE=linux.qemu.uefi ENVIRONMENT=${var.hybrid_env}"]
    scripts          = ["${local.scripts}/vm-release.sh", "${local.scripts}/vm-clean.sh"]
  }

  post-processors {
    post-processor "artifice" {
      files = ["${var.hybrid_output_dir}/disk.qcow2"]
    }

    post-processor "checksum" {
      checksum_types = ["sha256"]
      output         = "${var.hybrid_output_dir}/SHA256SUMS"
    }

    post-processor "manifest" {
      output     = var.hybrid_manifest
      strip_path = false
      custom_data = {
        build_id = var.hybrid_build_id
        run_id   = var.hybrid_run_id
        env      = var.hybrid_env
        parent   = var.hybrid_parent_build_id
      }
    }
  }
}
