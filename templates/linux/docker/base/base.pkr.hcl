# A container image: committed, tagged with the build, and pushed. Credentials of the registry are those of `docker login`.

variable "docker_run" {
  type        = list(string)
  description = "Arguments of `docker run`; the build needs a shell that waits. An --entrypoint would stay in the image."
  default     = ["-d", "-i", "-t", "--", "{{ .Image }}", "/bin/sh"]
}

variable "docker_pull" {
  type        = bool
  description = "Whether the image to start from is fetched first."
  default     = true
}

source "docker" "base" {
  image       = var.docker_image
  pull        = var.docker_pull
  commit      = true
  run_command = var.docker_run

  # As a Dockerfile has them.
  changes = [
    "LABEL owner=${var.owner} env=${var.hybrid_env} build-id=${var.hybrid_build_id}",
    "ENV LANG=C.UTF-8",
    "CMD [\"/bin/sh\"]",
  ]
}

build {
  sources = ["source.docker.base"]

  # Where an image has no bash, scripts need to be told.
  provisioner "shell" {
    inline_shebang = "/bin/sh -e"
    inline         = ["echo 'IMAGE=linux.docker.base ENVIRONMENT=${var.hybrid_env}' > /etc/hybrid-release"]
  }

  post-processors {
    # Every build has a tag of its own, so none is lost when `env` moves on. Plugins from 1.1.0 on take `tags`, those that
    # packer 1.6 brings along only `tag`.
    post-processor "docker-tag" {
      repository = var.docker_repository
      tag        = [var.hybrid_build_id, var.hybrid_env]
    }

    post-processor "docker-push" {}

    post-processor "manifest" {
      output = var.hybrid_manifest
      custom_data = {
        build_id = var.hybrid_build_id
        run_id   = var.hybrid_run_id
        env      = var.hybrid_env
      }
    }
  }
}
