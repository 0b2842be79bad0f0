# mypy: disable-error-code="no-untyped-call"
"""Whether Beam's services answer: the job service, and the pool that starts workers."""

from collections.abc import Callable

import grpc
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc, beam_job_api_pb2, beam_job_api_pb2_grpc

from pipelines.datasets.errors import UserError

SECONDS = 5.0  # until a service that does not answer counts as absent


def job_service(endpoint: str) -> str:
    """Ask a job service for its options, since none tells its version. Raises UserError where it does not answer."""
    request = beam_job_api_pb2.DescribePipelineOptionsRequest()
    status = _asked(
        endpoint,
        lambda channel: beam_job_api_pb2_grpc.JobServiceStub(channel).DescribePipelineOptions(request, timeout=SECONDS),
    )
    if status == grpc.StatusCode.UNIMPLEMENTED:
        raise UserError(f"{endpoint} answers, but is no Beam job service: correct job_endpoint in the engine's section")
    if status != grpc.StatusCode.OK:
        raise UserError(
            f"no job service answers at {endpoint}: start it, or correct job_endpoint in the engine's section"
        )
    return f"answers at {endpoint}"


def pool_answers(endpoint: str) -> bool:
    """Return whether a worker pool answers at `endpoint`, seen from here, when asked to stop a worker that is not."""
    request = beam_fn_api_pb2.StopWorkerRequest(worker_id="none")
    status = _asked(
        endpoint,
        lambda channel: beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolStub(channel).StopWorker(request, timeout=SECONDS),
    )
    return bool(status == grpc.StatusCode.OK)


def _asked(endpoint: str, call: Callable[[grpc.Channel], object]) -> grpc.StatusCode | None:
    """Return the status of a call, or None where nothing at `endpoint` takes one in time."""
    with grpc.insecure_channel(endpoint) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=SECONDS)
            call(channel)
        except grpc.FutureTimeoutError:
            return None
        except grpc.RpcError as error:
            return error.code()
    return grpc.StatusCode.OK
