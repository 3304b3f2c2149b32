# A minimal Debian root file system as a tarball. The null source has no machine; the script works on this one.

source "null" "base" {
  communicator = "none"
}

build {
  sources = ["source.null.base"]

  provisioner "shell-local" {
    environment_vars = [
      "ROOTFS_OUTPUT=${var.hybrid_output_dir}",
      "ROOTFS_SUITE=${var.rootfs_suite}",
      "ROOTFS_PACKAGES=${join(",", var.rootfs_packages)}",
      "ROOTFS_HOSTNAME=${var.hostname}",
    ]
    scripts = ["${path.root}/../../../scripts/linux/rootfs.sh"]
  }

  post-processors {
    # The null builder has no artifact of its own: this is what makes the file one.
    post-processor "artifice" {
      files = ["${var.hybrid_output_dir}/rootfs.tar"]
    }

    post-processor "manifest" {
      output     = var.hybrid_manifest
      strip_path = false
      custom_data = {
        build_id = var.hybrid_build_id
        run_id   = var.hybrid_run_id
        env      = var.hybrid_env
      }
    }
  }
}
