# What all builders have in the dev environment. `env` and the parts of the builder's id are known here.
motd_text = "This ${env} system is built from code. Changes made by hand are lost with the next image."
