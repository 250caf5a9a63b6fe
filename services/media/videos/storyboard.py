"""The storyboard: from sprites to tiles, and to WebVTT. Pure."""

from collections.abc import Sequence

from services.media.videos.schemas import Storyboard, StoryboardTile
from shared.db.models.media import StoryboardSheet


def storyboard(video_id: str, sheets: Sequence[StoryboardSheet], duration: float, base_url: str) -> Storyboard:
    """Tiles in order, each until the next one begins, the last one until the film's end."""
    tiles = [
        StoryboardTile(
            start=round(sheet.start + number * sheet.interval, 3),
            end=round(sheet.start + (number + 1) * sheet.interval, 3),
            url=f"{base_url}/{sheet.key}",
            x=number % sheet.columns * sheet.tile_width,
            y=number // sheet.columns * sheet.tile_height,
            w=sheet.tile_width,
            h=sheet.tile_height,
        )
        for sheet in sheets
        for number in range(sheet.tiles)
    ]
    return Storyboard(video_id=video_id, tiles=[_cut(tile, duration) for tile in tiles])


def _cut(tile: StoryboardTile, duration: float) -> StoryboardTile:
    if not tile.start < duration < tile.end:
        return tile
    return tile.model_copy(update={"end": round(duration, 3)})


def as_webvtt(board: Storyboard) -> str:
    """A WebVTT file whose cues are addresses of pictures with their place in them."""
    lines = ["WEBVTT", ""]
    for tile in board.tiles:
        lines += [
            f"{_clock(tile.start)} --> {_clock(tile.end)}",
            f"{tile.url}#xywh={tile.x},{tile.y},{tile.w},{tile.h}",
            "",
        ]
    return "\n".join(lines)


def _clock(seconds: float) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole % 3600 // 60:02}:{whole % 60:02}.{thousandths:03}"
