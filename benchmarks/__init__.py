"""How fast a training step is, beside bare matrix products and beside pythae, and how it grows.

``python -m benchmarks.run`` writes results.csv and growth.csv with their stamps. pythae is needed
here alone, so this folder has an environment of its own: see requirements.txt, and ``make bench``.
"""
