# How the template that is cloned lets the build in.
ssh_password = env("HYBRID_SSH_PASSWORD")
