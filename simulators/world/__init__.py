"""What every benchmark world shares: state with forks, hash and difference; an HTTP face made from routes; serving it.

A world of its own adds its tables, writes and routes. Pure but for `api.py` and `serve.py`. Not part of the product.
"""
