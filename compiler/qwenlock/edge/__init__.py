"""Effects: the modules that read the disk, write it and start the client."""
