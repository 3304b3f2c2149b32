# The message of the day as a file: the smallest image there is, built in a second.

source "file" "base" {
  target  = "${var.hybrid_output_dir}/${var.file_name}"
  content = <<-EOT
    ${var.motd_text}

    host:        ${var.hostname}
    owner:       ${var.owner}
    environment: ${var.hybrid_env}
  EOT
}

build {
  sources = ["source.file.base"]

  provisioner "shell-local" {
    inline = ["test -s '${var.hybrid_output_dir}/${var.file_name}'"]
  }

  post-processor "manifest" {
    output = var.hybrid_manifest
    custom_data = {
      build_id = var.hybrid_build_id
      run_id   = var.hybrid_run_id
      env      = var.hybrid_env
    }
  }
}
