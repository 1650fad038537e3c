"""The environment: its installation from the lock, and the lock itself."""
