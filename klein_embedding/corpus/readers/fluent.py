"""Fluent messages, written out as the text that a reader sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fluent.syntax import FluentParser, ast


def fluent_messages(text: str) -> dict[str, ast.Pattern]:
    """Patterns of a Fluent file by ``message`` or ``message.attribute``; terms begin with "-".

    Args:
        text: Content of the file; entries that cannot be parsed are left out.
    """
    found: dict[str, ast.Pattern] = {}
    for entry in FluentParser(with_spans=False).parse(text).body:
        if not isinstance(entry, ast.Message | ast.Term):
            continue
        name = f"-{entry.id.name}" if isinstance(entry, ast.Term) else entry.id.name
        if entry.value is not None:
            found[name] = entry.value
        if isinstance(entry, ast.Message):
            found.update({f"{name}.{part.id.name}": part.value for part in entry.attributes})
    return found


def written_out(pattern: ast.Pattern, known: Mapping[str, ast.Pattern], depth: int = 0) -> str:
    """Text of a pattern: names of terms filled in, the default of every choice taken.

    Args:
        pattern: Value of a message.
        known: All messages and terms of the same language, for references.
        depth: How many references led here; more than three are not followed.
    """
    return "".join(_parts(pattern, known, depth))


def _parts(pattern: ast.Pattern, known: Mapping[str, ast.Pattern], depth: int) -> Iterator[str]:
    for element in pattern.elements:
        if isinstance(element, ast.TextElement):
            yield element.value
            continue
        expression = element.expression
        if isinstance(expression, ast.SelectExpression):
            chosen = next(one for one in expression.variants if one.default)
            yield written_out(chosen.value, known, depth)
        elif isinstance(expression, ast.StringLiteral):
            yield expression.parse()["value"]
        elif isinstance(expression, ast.TermReference | ast.MessageReference):
            yield _referred(expression, known, depth)
        else:
            # A variable stays as a placeholder, which cleaning takes out on both sides.
            yield "{$x}"


def _referred(
    reference: ast.TermReference | ast.MessageReference,
    known: Mapping[str, ast.Pattern],
    depth: int,
) -> str:
    name = reference.id.name
    if isinstance(reference, ast.TermReference):
        name = f"-{name}"
    elif reference.attribute is not None:
        name = f"{name}.{reference.attribute.name}"
    if name not in known or depth > 3:
        return "{$x}"
    return written_out(known[name], known, depth + 1)
