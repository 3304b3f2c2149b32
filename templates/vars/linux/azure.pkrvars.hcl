azure_location       = "westeurope"
azure_resource_group = "images"
