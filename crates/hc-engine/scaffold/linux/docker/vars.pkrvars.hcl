docker_image = "debian:12-slim"
