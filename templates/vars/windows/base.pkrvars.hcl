vm_cpus       = 2
vm_memory_mib = 4096
