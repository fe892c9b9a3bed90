"""Plans: versioned model templates, found in folders, rendered and recognised."""
