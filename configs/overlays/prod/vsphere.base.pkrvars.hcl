# Production machines need more than the default to install their updates.
vm_cpus       = 4
vm_memory_mib = 8192
