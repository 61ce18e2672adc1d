"""Made pictures with known codes: fields, whole mail pieces and the samples that ship.

Everything is drawn from one `numpy.random.Generator`, so a seed names a deck. Nothing here is needed to read a code.
"""
