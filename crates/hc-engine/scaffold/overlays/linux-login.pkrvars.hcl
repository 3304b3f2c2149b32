# Login of the account that provisions, during the build only.
ssh_password = env("IMAGE_SSH_PASSWORD")
