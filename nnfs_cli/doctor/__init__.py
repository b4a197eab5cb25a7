"""The checks that experienced people make before they trust a training."""
