# How machines run on the building machine.
qemu_accelerator = "kvm"
