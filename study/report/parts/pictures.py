"""Test images as small pictures on the page."""

from __future__ import annotations

import base64
import io

import numpy as np
from markupsafe import Markup
from PIL import Image

from study.report.blocks import Picture
from study.report.text import percent, text
from study.report.view import View

THUMBNAILS = 8  # of examples gained, and of those lost


def picture(image: np.ndarray, view: View, truth: int, taken: int, sure: float, label: str) -> Picture:
    """One test image with what it is and what it was taken for."""
    names = view.short_classes
    lines = [
        text("<b>{}</b>", view.classes[truth]),
        text("taken for {}", view.classes[taken]) if taken != truth else Markup("found"),
        percent(sure, 1),
    ]
    alt = f"{label}: {names[truth]}, taken for {names[taken]}"
    return Picture(source(image), alt, lines)


def source(image: np.ndarray) -> Markup:
    """(h, w, 3) uint8 -> a data: address of a WebP picture of about half a kilobyte."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(file, "WEBP", quality=80, method=4)
    return Markup("data:image/webp;base64," + base64.b64encode(file.getvalue()).decode())
