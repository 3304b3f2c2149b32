# Where images are built, and by whom. Secrets are fetched when packer starts, and never rendered.
azure_client_id       = "00000000-0000-4000-8000-000000000001"
azure_client_secret   = env("ARM_CLIENT_SECRET")
azure_location        = "westeurope"
azure_resource_group  = "images-${env}"
azure_subscription_id = "00000000-0000-4000-8000-000000000002"
azure_tenant_id       = "00000000-0000-4000-8000-000000000003"
