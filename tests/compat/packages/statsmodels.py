"""Fits a linear and a logistic regression from formulas, and an ARIMA model."""

OLD = ["statsmodels==0.14.0", "numpy==1.24.4", "pandas==1.5.3", "scipy==1.9.3"]
NEW = ["statsmodels==0.14.5", "numpy==2.3.5", "pandas==2.3.3", "scipy==1.15.3"]
CODE = "Cython"


def work():
    import numpy as np
    import pandas as pd
    import statsmodels
    import statsmodels.formula.api as smf
    from statsmodels.tsa.ar_model import AutoReg

    x = np.arange(20.0)
    data = pd.DataFrame({"x": x, "y": 2 * x + np.sin(x), "won": (x + 3 * np.sin(x * 7) > 9).astype(int)})
    line = smf.ols("y ~ x", data).fit()
    return [
        statsmodels.__version__,
        line.params.round(6).to_dict(),
        round(line.rsquared, 6),
        smf.logit("won ~ x", data).fit(disp=0).params.round(3).to_dict(),
        AutoReg(data.y, 1).fit().params.round(4).tolist(),
        "R-squared" in str(line.summary()),
    ]
