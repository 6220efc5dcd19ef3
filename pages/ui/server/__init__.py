"""The server: memory, disk, caches, the guard of every page, ownership of runs."""
