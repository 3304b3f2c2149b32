# Who builds in the prod subscription. Secrets are fetched when packer starts, and never rendered.
azure_client_id       = "00000000-0000-4000-8000-0000000000e1"
azure_client_secret   = env("ARM_CLIENT_SECRET")
azure_subscription_id = "00000000-0000-4000-8000-0000000000e2"
azure_tenant_id       = "00000000-0000-4000-8000-0000000000e3"
