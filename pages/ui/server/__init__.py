"""What keeps the server whole: memory, disk, caches, the guard of every page, whose a run is."""
