"""Implementations as people write them, right and wrong, for the tests of what checks them."""
