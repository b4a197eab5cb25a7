"""Recorded results of PyTorch and scikit-learn, so that tests need neither."""
