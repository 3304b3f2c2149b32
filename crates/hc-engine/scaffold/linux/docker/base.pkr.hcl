# A container image as a tarball, for `docker import`.

source "docker" "base" {
  image       = var.docker_image
  export_path = "${var.hybrid_output_dir}/image.tar"
}

build {
  sources = ["source.docker.base"]

  provisioner "shell" {
    inline = [
      "apt-get update",
      "apt-get install -y --no-install-recommends ca-certificates",
      "rm -rf /var/lib/apt/lists/*",
    ]
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
