#!/bin/sh
# Stands for an image build without a machine: checks its inputs and writes what it was told to $IMAGE_OUTPUT/image.txt.
set -eu
mkdir -p "${IMAGE_OUTPUT:?}"
printf 'host %s\nenvironment %s\n' "${IMAGE_HOSTNAME:?}" "${IMAGE_ENVIRONMENT:?}" >"$IMAGE_OUTPUT/image.txt"
