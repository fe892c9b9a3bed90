"""Setting a project up: the files that it needs, as a change; `files/` holds those of CI."""
