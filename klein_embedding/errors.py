"""The one exception that users are meant to read."""


class KleinError(Exception):
    """Wrong input or a missing precondition, said in one line that names what to do.

    The command line prints the message alone and exits with code 2.
    """
