"""What PyTorch computes, recorded, so that the tests need no PyTorch."""
