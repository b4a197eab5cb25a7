"""What all other packages use: errors, components and registries, arrays, parameters, random numbers."""
