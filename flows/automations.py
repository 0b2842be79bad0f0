"""What watches over the deployments: `python -m flows.automations` makes or renews it on the server.

POLYLOOM_ALARM_URL, if set, is a webhook that takes `{"text": …}` (Slack, Mattermost, Teams): alarms go there. Without
it they are events that the dashboard shows.
"""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, cast
from uuid import UUID

from prefect.automations import Automation
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.schemas.objects import StateType
from prefect.events import EventTrigger, Posture
from prefect.events.actions import ActionTypes, ChangeFlowRunState, DoNothing, SendNotification
from prefect.events.schemas.events import ResourceSpecification
from prefect.types import SecretDict

from flows.events import SHRUNK

ALARM_URL: Final = "POLYLOOM_ALARM_URL"
HEARTBEAT_SECONDS: Final = 30
SILENT_SECONDS: Final = 3 * HEARTBEAT_SECONDS
_BLOCK: Final = "polyloom-alarm"
_RUNS: Final = ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"})
_OURS: Final = ResourceSpecification({"prefect.resource.id": "prefect.tag.polyloom", "prefect.resource.role": "tag"})
_ENDS: Final = {f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Crashed", "Cancelled", "TimedOut")}
_RUN = "{{ flow.name }}/{{ flow_run.name }}"


def automations(alarm: UUID | None) -> list[Automation]:
    """Return the three automations; `alarm` is the notification block, or None where alarms are only shown."""
    return [
        Automation(
            name="polyloom: a run failed",
            description="A run of a Polyloom deployment failed or crashed, after all tries.",
            trigger=EventTrigger(
                expect={"prefect.flow-run.Failed", "prefect.flow-run.Crashed", "prefect.flow-run.TimedOut"},
                match=_RUNS,
                match_related=_OURS,
                posture=Posture.Reactive,
                threshold=1,
            ),
            actions=_tell(alarm, f"Polyloom: {_RUN} is {{{{ flow_run.state.name }}}}", "{{ flow_run.state.message }}"),
        ),
        Automation(
            name="polyloom: a language shrank",
            description="A language of a new corpus has far fewer rows than in the version before.",
            trigger=EventTrigger(expect={SHRUNK}, posture=Posture.Reactive, threshold=1),
            actions=_tell(
                alarm,
                "Polyloom: {{ event.resource.name }} lost rows",
                "Version {{ event.payload.version }}: {{ event.payload.losses }}",
            ),
        ),
        Automation(
            name="polyloom: a run fell silent",
            description=f"A run without a heartbeat for {SILENT_SECONDS} s, as its machine died, has crashed.",
            trigger=EventTrigger(
                after={"prefect.flow-run.heartbeat"},
                expect={"prefect.flow-run.heartbeat", *_ENDS},
                match=_RUNS,
                for_each={"prefect.resource.id"},
                posture=Posture.Proactive,
                threshold=1,
                within=timedelta(seconds=SILENT_SECONDS),
            ),
            actions=[
                ChangeFlowRunState(
                    state=StateType.CRASHED, message=f"no heartbeat for {SILENT_SECONDS} s: its process or machine died"
                )
            ],
        ),
    ]


def deploy() -> list[str]:
    """Make or renew the automations on the server of PREFECT_API_URL, and return their names."""
    wanted = automations(_alarm_block(os.environ.get(ALARM_URL, "")))
    for automation in wanted:
        try:
            known = cast(Automation, Automation.read(name=automation.name))
        except ValueError:
            automation.create()
        else:
            automation.id = known.id
            automation.update()
    return [automation.name for automation in wanted]


def _alarm_block(url: str) -> UUID | None:
    """Keep the webhook's address as a secret of a block, and return the block's id."""
    if not url:
        return None
    block = CustomWebhookNotificationBlock(
        name="Polyloom",
        url="{{address}}",
        json_data={"text": "{{subject}}\n{{body}}"},
        secrets=SecretDict({"address": url}),
    )
    return cast(UUID, block.save(_BLOCK, overwrite=True))


def _tell(alarm: UUID | None, subject: str, body: str) -> Sequence[ActionTypes]:
    if alarm is None:
        return [DoNothing()]
    return [SendNotification(block_document_id=alarm, subject=subject, body=body)]


if __name__ == "__main__":
    for name in deploy():
        print(name)
