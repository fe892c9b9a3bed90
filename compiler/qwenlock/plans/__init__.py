"""Plans: versioned model templates, rendered and recognised. Reading them is done in `edge`."""
