"""The errors that a user can cause."""


class UserError(Exception):
    """Something the user can put right. Its text is one sentence with the place and the remedy.

    The command line prints it without a traceback and exits with 2.
    """


class ConfigError(UserError):
    """A config that cannot be right: raised before any work, with the key's path and what would be right."""
