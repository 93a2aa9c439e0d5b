"""The side that runs people's code: standard library and NumPy only, no view of anything that judges."""
