"""`engine.options` is checked by Beam's own parser, and cannot contradict the engine's own keys."""

from pathlib import Path
from typing import Any

import pytest
from apache_beam.options.pipeline_options import DebugOptions, FlinkRunnerOptions, PortableOptions, StandardOptions
from pydantic import ValidationError

from pipelines.datasets.errors import ConfigError
from pipelines.datasets.stage import EngineSection
from pipelines.engine import flink, portable
from pipelines.engine.jobs import run_pipeline
from pipelines.engine.options import pipeline_options

POOL = {"environment_config": "pool:50000"}
FLINK = {"master": "jobmanager:8081", "job_server_jar": "job-server.jar", **POOL}


def test_options_are_passed_through() -> None:
    values = {"parallelism": 4, "experiments": ["one", "two"], "flink_version": "2.1", "auto_unique_labels": True}
    options = pipeline_options(EngineSection(options=values))
    assert options.view_as(FlinkRunnerOptions).parallelism == 4
    assert options.view_as(FlinkRunnerOptions).flink_version == "2.1"
    assert options.view_as(StandardOptions).auto_unique_labels is True
    assert options.view_as(DebugOptions).experiments == ["one", "two"]


def test_a_false_flag_is_left_out() -> None:
    assert (
        pipeline_options(EngineSection(options={"auto_unique_labels": False})).get_all_options()["auto_unique_labels"]
        is False
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"paralelism": 4}, r"engine\.options\.paralelism: Beam 2\.\S+ has no such option; did you mean `parallelism`"),
        ({"zzzzzzzzzzzz": 4}, r"engine\.options\.zzzzzzzzzzzz: Beam 2\.\S+ has no such option; its options are in"),
        ({"runner": "DirectRunner"}, r"engine\.options\.runner: the engine sets this option; set engine\.runner"),
        ({"direct_num_workers": 3}, r"engine\.options\.direct_num_workers: .* set engine\.workers instead"),
        ({"parallelism": "many"}, r"engine\.options: Beam 2\.\S+ refuses --parallelism: invalid int value: 'many'"),
        ({"flink_version": "0.9"}, r"engine\.options: Beam 2\.\S+ refuses --flink_version: invalid choice: '0\.9'"),
        ({"auto_unique_labels": "yes"}, r"engine\.options\.auto_unique_labels: it is true or false \(found 'yes'\)"),
    ],
)
def test_a_wrong_option_is_refused_by_its_key_before_the_job(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        run_pipeline(EngineSection(options=options), lambda _: pytest.fail("built"), tmp_path)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"runner": "portable"}, "`runner: portable` needs the section `portable`; add it"),
        ({"runner": "flink"}, "`runner: flink` needs the section `flink`; add it"),
        ({"runner": "dask"}, "should be 'local', 'portable' or 'flink'"),
        ({"portable": {"job_endpoint": "localhost", **POOL}}, "should match pattern"),
        ({"flink": {"master": "http://host:8081", "job_server_jar": "j.jar", **POOL}}, "should match pattern"),
        ({"flink": {"master": "host:8081", **POOL}}, "give one of job_server_jar and job_endpoint"),
        ({"flink": {**FLINK, "job_endpoint": "host:8099"}}, "give one of job_server_jar and job_endpoint"),
    ],
)
def test_a_runner_needs_its_section(section: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        EngineSection.model_validate(section)


@pytest.mark.parametrize("host", ["localhost", "10.0.0.7", "[::1]", "job-manager.cluster"])
def test_addresses_of_every_kind_are_taken(host: str) -> None:
    EngineSection.model_validate({"portable": {"job_endpoint": f"{host}:8099", **POOL}})


def test_a_job_for_a_service_asks_for_workers_from_the_pool() -> None:
    engine = EngineSection.model_validate(
        {"runner": "portable", "workers": 3, "portable": {"job_endpoint": "host:8099", **POOL}}
    )
    assert engine.portable is not None
    options = portable.pipeline(engine, engine.portable).options.view_as(PortableOptions)
    assert (options.job_endpoint, options.environment_type) == ("host:8099", "EXTERNAL")
    assert options.environment_config == "pool:50000"
    assert options.get_all_options()["direct_num_workers"] == 3


def test_a_job_for_flink_names_cluster_jar_and_pool() -> None:
    engine = EngineSection.model_validate({"runner": "flink", "flink": FLINK, "options": {"parallelism": 2}})
    assert engine.flink is not None
    given = flink.pipeline(engine, engine.flink).options.get_all_options()
    assert given["flink_master"] == "jobmanager:8081"
    assert given["flink_job_server_jar"] == "job-server.jar"
    assert (given["environment_type"], given["environment_config"]) == ("EXTERNAL", "pool:50000")
    assert (given["job_endpoint"], given["parallelism"], given["flink_submit_uber_jar"]) == (None, 2, False)


def test_one_job_server_is_started_for_all_jobs() -> None:
    engine = EngineSection.model_validate({"runner": "flink", "flink": FLINK})
    assert engine.flink is not None
    first, second = (flink.pipeline(engine, engine.flink) for _ in range(2))
    server = flink.ClusterRunner().default_job_server(first.options)
    assert flink.ClusterRunner().default_job_server(second.options) is server
    assert second.options.view_as(FlinkRunnerOptions).flink_master == "http://jobmanager:8081"
