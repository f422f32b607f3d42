"""A figure as SVG to put into a page: no pyplot, no file, no fixed colours."""

import html
import io
import re

# Whatever has this colour takes that of the text around the figure, which
# follows the reader's light or dark theme.
_TEXT_COLOUR = "#010203"
_STYLE = {
    "svg.fonttype": "none",
    # Names of layers and metrics are no formulas, whatever signs they hold.
    "text.parse_math": False,
    "font.size": 9,
    "axes.facecolor": "none",
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.framealpha": 0.0,
    **{
        name: _TEXT_COLOUR
        for name in (
            "text.color",
            "axes.edgecolor",
            "axes.labelcolor",
            "xtick.color",
            "ytick.color",
            "legend.labelcolor",
        )
    },
}
_OWN_IDS = re.compile(r' id="[a-z.]+(?:\d?d)?_\d+"')


def figure_svg(draw, label, size=(4.6, 3.0)):
    """Draws a figure and returns it as an `<svg>` element.

    Args:
        draw: Callable that draws into the `Axes` it is called with.
        label: What the figure shows, for those who cannot see it.
        size: Width and height in inches. Defaults to `(4.6, 3.0)`.

    Returns:
        A string; what text it holds is escaped.

    Raises:
        ImportError: If matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "Figures need matplotlib. Install it with "
            '`pip install "keras-trainkit[report]"`.'
        ) from error
    written = io.StringIO()
    # Equal figures get equal ids, and so equal text.
    with rc_context({**_STYLE, "svg.hashsalt": label}):
        figure = Figure(figsize=size, layout="constrained", facecolor="none")
        draw(figure.add_subplot())
        figure.savefig(written, format="svg", metadata={"Date": None})
    return _inline(written.getvalue(), label)


def _inline(text, label):
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # Several figures on a page would have the same ids.
    text = _OWN_IDS.sub("", text)
    text = re.sub(
        r'<svg[^>]*?viewBox="([^"]*)"[^>]*>', _head(label), text, count=1
    )
    return text.replace(_TEXT_COLOUR, "currentColor")


def _head(label):
    name = html.escape(label, quote=True).replace("\\", r"\\")
    return (
        r'<svg viewBox="\1" role="img" '
        f'aria-label="{name}" xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
