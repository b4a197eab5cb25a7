"""The command line: one file a command, each parses, delegates and shows."""
