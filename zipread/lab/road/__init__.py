"""The road from pixels to ZIP codes: the classic classifiers of handwritten digits, trained, measured and drawn."""
