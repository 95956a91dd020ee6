"""Draws, filters, resizes and converts a picture, and writes and reads PNG, JPEG and WebP."""

OLD = ["pillow==9.5.0"]
NEW = ["pillow==12.0.0"]
CODE = "C"

import hashlib
import io

from PIL import Image, ImageDraw, ImageFilter, ImageFont, features


def work():
    picture = Image.new("RGB", (64, 48), "white")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((8, 8, 40, 40), fill="navy")
    draw.text((20, 20), "Ab", fill="red", font=ImageFont.load_default())
    found = [Image.__version__, features.check("webp")]
    for kind in ("PNG", "JPEG", "WEBP"):
        file = io.BytesIO()
        picture.filter(ImageFilter.GaussianBlur(1)).resize((32, 24)).save(file, kind)
        file.seek(0)
        again = Image.open(file)
        found += [again.format, again.size, hashlib.sha256(again.convert("L").tobytes()).hexdigest()[:16]]
    return found
