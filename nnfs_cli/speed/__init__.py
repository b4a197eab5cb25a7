"""All that makes training fast and can be left out."""
