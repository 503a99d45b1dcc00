"""What a tenant, a file or a caller may say to do harm, and what comes of it: documented errors, and nothing else."""
