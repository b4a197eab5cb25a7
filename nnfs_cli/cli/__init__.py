"""The command line: one file per command. Each parses its arguments, calls a job and shows the result."""
