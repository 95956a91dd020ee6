"""Draws lines, contours and text, and renders them as PNG and SVG."""

OLD = ["matplotlib==3.7.5", "numpy==1.26.4", "contourpy==1.2.1", "pillow==10.4.0"]
NEW = ["matplotlib==3.10.7", "numpy==2.3.5", "contourpy==1.3.3", "pillow==12.0.0"]
CODE = "C, C++, pybind11"


def work():
    import hashlib
    import io

    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2)
    left.plot([1, 4, 9], label="squares")
    left.legend()
    left.set_title(r"$\int x^2 dx$")
    right.contour([[0, 1, 2], [1, 2, 3], [2, 3, 4]])
    picture, vector = io.BytesIO(), io.StringIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    figure.savefig(vector, format="svg")
    plt.close(figure)
    return [matplotlib.__version__, hashlib.sha256(picture.getvalue()).hexdigest(), vector.getvalue().count("<path")]
