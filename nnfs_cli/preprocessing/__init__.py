"""Rows of data: records, splits, normalization, augmentation."""
