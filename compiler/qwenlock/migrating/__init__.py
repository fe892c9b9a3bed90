"""The runner of the scripts in the folder `migrations`."""
