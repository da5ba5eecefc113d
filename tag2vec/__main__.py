"""`python -m tag2vec` is the command line."""

from tag2vec.cli import main

main()
