"""From a YAML file to a checked, frozen config; and a catalog of what a config may contain."""
