"""Suggestions over HTTP. Needs `pip install "tag2vec[serve]"`."""
