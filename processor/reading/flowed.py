"""Undo ``format=flowed`` (RFC 3676 sections 4.1 to 4.5), before quoted text is told from new text."""

from __future__ import annotations


def unflow(text: str, delsp: bool) -> str:
    """Join the lines of each flowed paragraph; ``> `` marks quoted ones as before.

    A line ending in a blank flows into the next of the same quote depth; ``-- `` never flows.
    """
    out: list[str] = []
    flowing, depth_before = False, 0
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        signature = content == "-- "
        if flowing and depth == depth_before and not signature:
            out.append(content)
        else:
            out.append(("\n" if out or depth_before else "") + _marked(depth, content))
        flowing = content.endswith(" ") and not signature
        depth_before = depth
        if flowing and delsp:
            out[-1] = out[-1][:-1]
    return "".join(out).removeprefix("\n")


def _marked(depth: int, content: str) -> str:
    return ">" * depth + " " + content if depth else content
