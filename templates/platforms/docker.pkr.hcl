# Layer 2 for container images, made by the Docker (or Podman called so) of the building machine.

variable "docker_image" {
  type        = string
  description = "Image to start from; with a digest (name@sha256:…), every build starts from the same."
}

variable "docker_repository" {
  type        = string
  description = "Where the image is pushed: registry and name."
}
