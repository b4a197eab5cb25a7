"""Sources: files, caches and mirrors that raw data come from. pandas, requests and Pillow live here alone."""
