"""What rows are, and what is fitted to them."""
