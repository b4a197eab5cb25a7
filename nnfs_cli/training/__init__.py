"""An experiment, trained epoch by epoch."""
