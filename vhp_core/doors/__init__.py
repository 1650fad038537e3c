"""Through which a user's data come in: one door for training, encoding and measuring.

- ``observations``: tensors, arrays, tables, sparse matrices, files and data sets as observations,
  and the refusal of what is none;
- ``rows``: observations that become numbers where a batch needs them;
- ``missing``: entries that were not observed;
- ``tables``: a table's columns, and tables of what comes out;
- ``mixed``: tables whose columns are numbers, yes or no, and categories.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
