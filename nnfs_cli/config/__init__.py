"""From a YAML file to a checked, frozen config, and what may stand in it."""
