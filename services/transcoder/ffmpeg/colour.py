"""Filters for colour: whatever the source has becomes 8-bit SDR in limited range, tagged as what it is."""

from __future__ import annotations

from services.transcoder.ladder.schema import VideoPlan

# HDR reference white in cd/m2 (ITU-R BT.2408): a slide or a face at this level becomes what it is in an SDR film.
_REFERENCE_WHITE = 203
# The brightest that is still told apart, as a multiple of that white: HLG is made for 1000 cd/m2, PQ graded for up
# to 4000. Fixed, not read from each picture, so that chunks cannot differ.
_PEAK = {"smpte2084": 20, "arib-std-b67": 5}
# Below this share of white colours stay exactly as they are; only what is brighter is compressed.
_LINEAR_UP_TO = 0.5


def source_tags(video: VideoPlan) -> list[str]:
    """Says aloud what the source's colours mean, so that no filter has to guess and no change of tags matters."""
    if video.source_space == "gbr":
        return []
    return [
        f"setparams=range={video.source_range}:colorspace={video.source_space}"
        f":color_primaries={video.source_primaries}:color_trc={video.source_transfer}"
    ]


def conversion(video: VideoPlan, width: int, height: int) -> list[str]:
    """To BT.709 at the top rung's size, once for all rungs. Nothing where the source's own colours are kept."""
    if video.colour == "keep":
        return []
    scaled = (
        f"zscale=w={width}:h={height}:f=bicubic:rin={video.source_range}:min={_zimg(video.source_space)}"
        f":pin={_zimg(video.source_primaries)}:tin={video.source_transfer}"
    )
    if video.colour == "convert":
        return [f"{scaled}:m=bt709:p=bt709:t=bt709:r=tv", "format=yuv420p"]
    return [
        f"{scaled}:t=linear:npl={_REFERENCE_WHITE}",
        "format=gbrpf32le",
        "zscale=p=bt709",
        f"tonemap=mobius:param={_LINEAR_UP_TO}:desat=0:peak={_PEAK.get(video.source_transfer, 20)}",
        "zscale=t=bt709:m=bt709:p=bt709:r=tv",
        "format=yuv420p",
    ]


def _zimg(name: str) -> str:
    return {"bt2020nc": "2020_ncl", "bt2020c": "2020_cl", "bt2020": "2020", "bt470bg": "470bg"}.get(name, name)
