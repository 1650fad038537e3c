"""Shapes by which classes of points are told apart where colours are not seen."""

__all__ = ["MARKS", "mark_path", "outline"]

# Corners about the origin, y downwards, each shape of about a unit disc's area; none for the disc.
_CROSS = [(-0.38, -1.5), (0.38, -1.5), (0.38, -0.38), (1.5, -0.38), (1.5, 0.38), (0.38, 0.38)]
_CROSS += [(-x, -y) for x, y in _CROSS]
MARKS: tuple[list[tuple[float, float]], ...] = (
    [],
    _CROSS,
    [(0.0, -1.5), (1.4, 1.0), (-1.4, 1.0)],
    [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
    [(0.0, 1.5), (1.4, -1.0), (-1.4, -1.0)],
    [(0.0, -1.6), (1.0, 0.0), (0.0, 1.6), (-1.0, 0.0)],
)


def outline(number: int) -> list[tuple[float, float]]:
    """The shape of a class; with more classes than shapes they begin anew.

    Example:
        >>> outline(0), len(outline(3)), outline(len(MARKS)) == outline(0)
        ([], 4, True)
    """
    return MARKS[number % len(MARKS)]


def mark_path(number: int, x: float, y: float, radius: float) -> str:
    """The mark of a class as the ``d`` of an SVG path.

    Example:
        >>> mark_path(3, 10, 20, 2)
        'M8.2 18.2L11.8 18.2L11.8 21.8L8.2 21.8z'
    """
    corners = outline(number)
    if not corners:
        return f"M{x - radius:.1f} {y:.1f}a{radius} {radius} 0 1 0 {2 * radius} 0" + (
            f"a{radius} {radius} 0 1 0 {-2 * radius} 0z"
        )
    points = (f"{x + radius * right:.1f} {y + radius * down:.1f}" for right, down in corners)
    return f"M{'L'.join(points)}z"
