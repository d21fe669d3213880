"""Two kinds of plots as SVG text: panels of bars, and lines on logarithmic axes."""

import html
import math

COLORS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb")
FONT = 'font-family="sans-serif" font-size="12"'


def text(x, y, content, anchor="start", more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{html.escape(str(content))}</text>'


def document(width, height, parts):
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    # A ground of its own: some viewers show plots on black.
    ground = f'<rect width="{width}" height="{height}" fill="white"/>'
    return "\n".join([f"{head} {FONT}>", ground, *parts, "</svg>", ""])


def short(value):
    """A number with three digits or so."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def bars(title, panels):
    """Horizontal bars. panels: [(label, {name: value})]; a name has one color in all panels."""
    names = list(dict.fromkeys(name for _, values in panels for name in values))
    left, width, line = 110, 340, 18
    parts = [text(10, 20, title, more='font-weight="bold"')]
    top = 40
    for label, values in panels:
        parts.append(text(10, top, label, more='fill="#444"'))
        most = max(values.values(), default=0) or 1
        for row, (name, value) in enumerate(values.items()):
            y = top + 8 + row * line
            color = COLORS[names.index(name) % len(COLORS)]
            parts.append(text(left - 6, y + 12, name, "end"))
            length = value / most * width
            parts.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{line - 4}" fill="{color}"/>')
            parts.append(text(left + length + 5, y + 12, short(value)))
        top += len(values) * line + 32
    return document(left + width + 80, top - 10, parts)


class LogAxis:
    """Maps values to a range of pixels by their logarithm; its ticks are powers of ten."""

    def __init__(self, values, begin, end):
        positive = [value for value in values if value > 0] or [1]
        self.low = math.floor(math.log10(min(positive)))
        self.high = max(math.ceil(math.log10(max(positive))), self.low + 1)
        self.begin, self.end = begin, end

    def __call__(self, value):
        share = (math.log10(max(value, 10**self.low)) - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)

    def ticks(self):
        return [10.0**power for power in range(self.low, self.high + 1)]


def lines(title, x_label, y_label, series):
    """Lines on logarithmic axes, where what is proportional runs at 45 degrees. series: {name: [(x, y)]}."""
    width, height, left, right, top, bottom = 560, 400, 80, 150, 40, 50
    points = [point for line in series.values() for point in line]
    x_axis = LogAxis([x for x, _ in points], left, width - right)
    y_axis = LogAxis([y for _, y in points], height - bottom, top)
    parts = [text(10, 20, title, more='font-weight="bold"')]
    for tick in x_axis.ticks():
        x = x_axis(tick)
        parts.append(f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{height - bottom}" stroke="#ddd"/>')
        parts.append(text(x, height - bottom + 16, short(tick), "middle"))
    for tick in y_axis.ticks():
        y = y_axis(tick)
        parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{width - right}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(text(left - 6, y + 4, short(tick), "end"))
    parts.append(text((left + width - right) / 2, height - 12, x_label, "middle"))
    parts.append(text(left, top - 6, y_label, "end"))
    for number, (name, line) in enumerate(series.items()):
        color = COLORS[number % len(COLORS)]
        place = [(x_axis(x), y_axis(y)) for x, y in sorted(line)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in place)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in place]
        legend = top + 14 + number * 18
        parts.append(f'<rect x="{width - right + 12}" y="{legend - 10}" width="12" height="12" fill="{color}"/>')
        parts.append(text(width - right + 30, legend, name))
    return document(width, height, parts)
