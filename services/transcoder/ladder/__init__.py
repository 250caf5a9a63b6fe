"""From what a source is to what will be published: pure data, no input or output."""

from services.transcoder.ladder.limits import Limits
from services.transcoder.ladder.model import AudioStream, Probe, Refused, VideoStream
from services.transcoder.ladder.plan import make_plan
from services.transcoder.ladder.schema import AudioPlan, ChunkPlan, Plan, VideoPlan, VideoRendition

__all__ = [
    "AudioPlan",
    "AudioStream",
    "ChunkPlan",
    "Limits",
    "Plan",
    "Probe",
    "Refused",
    "VideoPlan",
    "VideoRendition",
    "VideoStream",
    "make_plan",
]
