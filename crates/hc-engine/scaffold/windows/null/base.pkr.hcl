# A pretended build without a machine: a script of this machine stands for it.

source "null" "base" {
  communicator = "none"
}

build {
  sources = ["source.null.base"]

  provisioner "shell-local" {
    environment_vars = [
      "IMAGE_OUTPUT=${var.hybrid_output_dir}",
      "IMAGE_HOSTNAME=${var.hostname}",
      "IMAGE_ENVIRONMENT=${var.hybrid_env}",
    ]
    scripts = ["${path.root}/../../../scripts/linux/dry-run.sh"]
  }

  post-processors {
    # The null builder has no artifact of its own: this is what makes the file one.
    post-processor "artifice" {
      files = ["${var.hybrid_output_dir}/image.txt"]
    }

    post-processor "manifest" {
      output     = var.hybrid_manifest
      strip_path = false
    }
  }
}
