"""Measuring the reader on labelled pictures, and choosing a threshold that keeps a promise.

Needs nothing beyond what reading needs: users measure on their own mail.
"""
