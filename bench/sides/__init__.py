"""The sides: a module for each library, in it a function for each work that the library can do.

Such a function takes the options, prepares the work, and returns ``run(count)``. ``run`` does
``count`` operations and returns the seconds from the first call to the last callback, or a dict of
measures.
"""
