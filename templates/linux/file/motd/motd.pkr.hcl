# The message of the day as a file: the smallest image there is.

source "file" "motd" {
  target  = "${var.hybrid_output_dir}/${var.file_name}"
  content = <<-EOT
    ${var.motd_text}

    host:        ${var.hostname}
    owner:       ${var.owner}
    environment: ${var.hybrid_env}
  EOT
}

build {
  sources = ["source.file.motd"]

  post-processors {
    post-processor "shell-local" {
      environment_vars = ["MOTD_FILE=${var.hybrid_output_dir}/${var.file_name}"]
      scripts          = ["${path.root}/../../../scripts/linux/check-motd.sh"]
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
      }
    }
  }
}
