"""Stands in for a program that writes down what is said: ``transcriber.py AUDIO OUTPUT LANGUAGE``.

It hears beeps. Where the language is ``fr`` it fails, where it is ``de`` it writes what is no captions, where it is ``it`` or
``es`` it does not end by itself.
"""

import array
import os
import sys
import threading
import wave


def main(audio: str, output: str, language: str) -> None:
    with wave.open(audio) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        samples = array.array("h", file.readframes(file.getnframes()))
    if language == "fr":
        sys.exit("no model for this language")
    if language in ("it", "es"):
        threading.Event().wait()
    if language == "de":
        text = "I could not make it out."
    else:
        secrets = sorted(name for name in os.environ if name.endswith(("_KEYS", "_SECRET", "_URL", "_KEY")))
        cues = [f"{number}\n{_time(at)} --> {_time(at + 1)}\nbeep\n" for number, at in enumerate(_beeps(samples), 1)]
        end = len(samples) / 16_000
        text = "\n".join([*cues, f"99\n{_time(end)} --> {_time(end + 1)}\nsecrets: {secrets}\n"])
    with open(output, "w", encoding="utf-8") as file:
        file.write(text)


def _beeps(samples: "array.array[int]") -> list[float]:
    loud = [number for number in range(0, len(samples), 16) if max(map(abs, samples[number : number + 16])) > 6000]
    return [one / 16_000 for place, one in enumerate(loud) if place == 0 or one - loud[place - 1] > 4000]


def _time(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    return f"00:00:{milliseconds // 1000:02},{milliseconds % 1000:03}"


if __name__ == "__main__":
    main(*sys.argv[1:])
