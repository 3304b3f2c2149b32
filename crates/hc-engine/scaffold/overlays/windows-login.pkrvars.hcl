# Login of the account that provisions, during the build only.
winrm_password = env("IMAGE_WINRM_PASSWORD")
