"""Blurs, finds contours and corners, encodes and decodes PNG."""

OLD = ["opencv-python-headless==4.6.0.66", "numpy==1.26.4"]
NEW = ["opencv-python-headless==4.12.0.88", "numpy==2.2.6"]
CODE = "C++"

import cv2
import numpy as np


def work():
    picture = np.zeros((60, 60), "uint8")
    cv2.rectangle(picture, (10, 10), (40, 30), 255, -1)
    contours, _ = cv2.findContours(picture, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    ok, png = cv2.imencode(".png", picture)
    corners = cv2.goodFeaturesToTrack(picture, 4, 0.1, 5)
    try:
        cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    except cv2.error as error:
        wrong = error.func
    return [
        cv2.__version__,
        int(cv2.GaussianBlur(picture, (5, 5), 0).sum()),
        cv2.contourArea(contours[0]),
        bool((cv2.imdecode(png, 0) == picture).all()),
        sorted(corners.reshape(-1, 2).tolist()),
        wrong,
    ]
