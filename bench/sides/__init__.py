"""The sides: a module for each library, in it a function for each work that the library can do.

Such a function gets the options, makes ready, and returns ``run(count)``. That runs ``count``
operations and returns the seconds from the first call to the last callback, or a dict of measures.
"""
