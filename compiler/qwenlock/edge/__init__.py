"""Effects: reading and writing files, the network, and starting the client."""
