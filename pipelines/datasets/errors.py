"""How a stage ends without a dataset: the errors that a user can cause, and a stop that was asked for."""


class UserError(Exception):
    """Something the user can put right. Its text is one sentence with the place and the remedy.

    The command line prints it without a traceback and exits with 2.
    """


class ConfigError(UserError):
    """A config that cannot be right: raised before any work, with the key's path and what would be right."""


class Stopped(Exception):
    """Someone asked to stop, and what is needed to go on is kept; a text, if there is one, says where.

    No error: the command line prints the text and exits with 0.
    """
