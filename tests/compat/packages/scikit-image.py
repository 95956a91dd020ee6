"""Finds edges, segments, labels and measures a picture; lazy imports all over."""

OLD = ["scikit-image==0.21.0", "numpy==1.26.4", "scipy==1.11.4"]
NEW = ["scikit-image==0.25.2", "numpy==2.3.5", "scipy==1.16.3"]
CODE = "C, Cython, Pythran"

import numpy as np
import skimage


def work():
    picture = skimage.data.binary_blobs(64, rng=1) if "rng" in skimage.data.binary_blobs.__code__.co_varnames else None
    if picture is None:
        picture = skimage.data.binary_blobs(64, seed=1)
    labels = skimage.measure.label(picture)
    from skimage.transform import rotate

    return [
        skimage.__version__,
        int(labels.max()),
        sorted(int(region.area) for region in skimage.measure.regionprops(labels))[-3:],
        int(skimage.feature.canny(picture.astype(float)).sum()),
        int(skimage.morphology.skeletonize(picture).sum()),
        round(float(skimage.filters.gaussian(picture.astype(float), 2).std()), 6),
        round(float(rotate(np.eye(8), 45).sum()), 6),
    ]
