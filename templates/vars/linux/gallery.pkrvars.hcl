azure_gallery                = "golden_images"
azure_gallery_resource_group = "images"
azure_gallery_regions        = ["northeurope", "westeurope"]
# A new image needs a new one: raise it here, so that the change is reviewed.
azure_gallery_version = "1.0.0"
