docker_image      = "debian:12-slim"
docker_repository = "registry.example.com/images/linux-base"
