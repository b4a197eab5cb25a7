"""A network, and one step of its training in one process."""
