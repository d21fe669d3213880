"""The command blocks of Markdown pages: what is to be run, what the page shows, and whether both agree."""

import dataclasses
import re

# How a fenced block may be tagged. "console" is run; the others must not look like commands.
TAGS = {"console", "text", "ini", "json", "yaml", "cpp", "dockerfile"}


@dataclasses.dataclass
class Command:
    line: int  # in the page
    text: str
    shown: list  # lines of output
    is_setup: bool = False  # from a comment: it must succeed, and its output is not compared


@dataclasses.dataclass
class Block:
    line: int
    tag: str  # "setup" for a comment <!-- setup ... -->
    lines: list


def blocks_of(page):
    """The fenced blocks of a page, and its comments <!-- setup ... -->, in order."""
    block = end = None
    for number, line in enumerate(page.splitlines(), 1):
        if block is not None:
            if line.strip() == end:
                yield block
                block = None
            else:
                block.lines.append(line)
        elif line.strip().startswith("```"):
            block, end = Block(number, line.strip()[3:].strip(), []), "```"
        elif line.strip() == "<!-- setup":
            block, end = Block(number, "setup", []), "-->"
    if block is not None:
        raise ValueError(f"line {block.line}: the block has no end")


def complaints(page):
    """Blocks that the runner would pass over although they hold commands."""
    for block in blocks_of(page):
        if block.tag != "setup" and block.tag not in TAGS:
            yield f"line {block.line}: a block must be tagged with one of {sorted(TAGS)}, not '{block.tag}'"
        if block.tag == "console" and not (block.lines and block.lines[0].startswith("$ ")):
            yield f"line {block.line}: the first line of a console block begins with '$ '"
        if block.tag not in ("setup", "console") and any(line.startswith("$ ") for line in block.lines):
            yield f"line {block.line}: commands are not run in a block that is tagged '{block.tag}'"
    outside = re.sub(r"(?ms)^ *```.*?^ *```|<!--.*?-->", lambda m: "\n" * m.group().count("\n"), page)
    for number, line in enumerate(outside.splitlines(), 1):
        if re.match(r" {4,}(\$ |ociferry |imgpkg |scripts/)", line):
            yield f"line {number}: commands belong into a block that is tagged 'console'"


def commands_of(page):
    """The commands of a page. Lines that begin with "> " right behind a command are its further lines."""
    commands = []
    for block in blocks_of(page):
        if block.tag == "setup":
            commands.append(Command(block.line, "\n".join(block.lines), [], is_setup=True))
        for number, line in enumerate(block.lines if block.tag == "console" else [], block.line + 1):
            if line.startswith("$ "):
                commands.append(Command(number, line[2:], []))
            elif line.startswith("> ") and not commands[-1].shown:
                commands[-1].text += "\n" + line[2:]
            else:
                commands[-1].shown.append(line)
    return commands


def with_output(page, outputs):
    """The page with the output of its commands, as {line of the command: lines}, instead of what it shows."""
    lines = page.splitlines()
    for command in reversed([command for command in commands_of(page) if not command.is_setup]):
        begin = command.line + command.text.count("\n")
        if command.line in outputs and not agrees(command.shown, outputs[command.line]):
            lines[begin : begin + len(command.shown)] = [shortened(line) for line in outputs[command.line]]
    return "\n".join(lines) + "\n"


def shortened(line):
    """A line of output as a page shows it: without digests and blanks at its end."""
    return re.sub(r"\b(sha256[:/-])[0-9a-f]{64}", r"\1...", line.rstrip())


def comparable(line):
    """The line without what depends on the addresses of the registries: the width of columns, sizes, fingerprints."""
    indentation = line[: len(line) - len(line.lstrip(" "))]
    text = re.sub(r"\s{2,}", " ", line.strip())
    text = re.sub(r"\b\d+(\.\d+)? (B|kB|MB)(?=\W|$)", r"SIZE \2", text)
    return indentation + re.sub(r"\b[0-9a-f]{4}(-[0-9a-f]{4}){7}\b", "FINGERPRINT", text)


def agrees(shown, actual):
    """Whether the lines `actual` are what a page shows: "..." in a line is any text, "..." alone any lines. Sizes and
    fingerprints only need to be some."""
    pattern = ""
    for line in shown:
        if line.strip() == "...":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += r"[^\n]*?".join(re.escape(part) for part in comparable(line).split("...")) + r"\n"
    return re.fullmatch(pattern, "".join(comparable(line) + "\n" for line in actual)) is not None
