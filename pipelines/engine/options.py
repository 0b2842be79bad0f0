"""Beam's options from `engine.options`, checked by Beam's own parser."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.version import __version__ as beam_version

from pipelines.datasets.errors import ConfigError
from pipelines.datasets.stage import EngineSection

# What the engine sets itself, and the key of the config that it sets it from.
_OWN = {
    "runner": "engine.runner",
    "direct_num_workers": "engine.workers",
    "direct_running_mode": "engine.workers",
    "job_endpoint": "job_endpoint in engine.portable or engine.flink",
    "job_server_timeout": "nothing, a job takes as long as it takes",
    "environment_type": "environment_config in engine.portable or engine.flink",
    "environment_config": "environment_config in engine.portable or engine.flink",
    "environment_option": "environment_config in engine.portable or engine.flink",
    "environment_options": "environment_config in engine.portable or engine.flink",
    "flink_master": "engine.flink.master",
    "flink_job_server_jar": "engine.flink.job_server_jar",
    "flink_submit_uber_jar": "engine.flink.job_server_jar",
    "streaming": "nothing, a corpus is bounded",
}

Value = bool | int | float | str | list[str]


def pipeline_options(engine: EngineSection, **own: Any) -> PipelineOptions:
    """Return the options of a job: what the user passes through, and the engine's `own`.

    Raises ConfigError for an option that Beam does not have, that the engine sets, or that has a wrong value.
    """
    options = PipelineOptions(
        flags=list(_flags(engine.options)),  # a list, if an empty one: else Beam reads this process's command line
        pipeline_type_check=False,  # mypy does that, and knows protocols
        **own,
    )
    options.get_all_options(add_extra_args_fn=_refuse)
    return options


def _flags(values: Mapping[str, Value]) -> Iterator[str]:
    known = _known_options() if values else {}
    for name, value in values.items():
        key = f"engine.options.{name}"
        if name in _OWN:
            raise ConfigError(f"{key}: the engine sets this option; set {_OWN[name]} instead")
        if f"--{name}" not in known:
            close = difflib.get_close_matches(name, [option.lstrip("-") for option in known], n=1)
            hint = f"did you mean `{close[0]}`?" if close else "its options are in apache_beam.options.pipeline_options"
            raise ConfigError(f"{key}: Beam {beam_version} has no such option; {hint}")
        if known[f"--{name}"].nargs != 0:  # it takes a value
            for item in value if isinstance(value, list) else [value]:
                yield f"--{name}={str(item).lower() if isinstance(item, bool) else item}"
        elif not isinstance(value, bool):
            raise ConfigError(f"{key}: it is true or false (found {value!r})")
        elif value:
            yield f"--{name}"


def _known_options() -> dict[str, Any]:
    """Return the argparse action of every option that Beam has, by how it is written on a command line."""
    parsers: list[Any] = []
    PipelineOptions(flags=[]).get_all_options(add_extra_args_fn=parsers.append)
    return {option: action for action in parsers[0]._actions for option in action.option_strings}


def _refuse(parser: Any) -> None:
    """Let the parser raise, where it would print how Beam is used and end the process."""

    def error(message: str) -> None:
        raise ConfigError(f"engine.options: Beam {beam_version} refuses {message.removeprefix('argument ')}")

    parser.error = error
