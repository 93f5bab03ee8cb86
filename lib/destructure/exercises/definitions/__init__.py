"""The exercises, a file a notebook; every `notebook_NN.py` here is found by itself."""
