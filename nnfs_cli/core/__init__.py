"""What every other part stands on: errors, components and their registry, parameters, records."""
