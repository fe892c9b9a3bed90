"""Migrations: the scripts of the folder `migrations`, how they are loaded, and how they are run.

What a script changes is written in the script; writing a change to a file is not done here.
"""
