"""Settings as a client reads them: scopes and their merge, variables, versions, configuration."""
