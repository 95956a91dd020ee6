"""Trains a forest, a support vector machine, clusters, and a pipeline that is searched over a grid."""

OLD = ["scikit-learn==1.3.2", "numpy==1.26.4", "scipy==1.11.4"]
NEW = ["scikit-learn==1.7.2", "numpy==2.3.5", "scipy==1.16.3"]
CODE = "C, C++, Cython"


def work():
    import sklearn
    from sklearn.cluster import KMeans
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    data, kinds = load_iris(return_X_y=True)
    forest = RandomForestClassifier(n_estimators=10, random_state=0).fit(data, kinds)
    search = GridSearchCV(make_pipeline(StandardScaler(), SVC()), {"svc__C": [0.1, 1.0]}, cv=3).fit(data, kinds)
    return [
        sklearn.__version__,
        round(forest.score(data, kinds), 6),
        search.best_params_,
        round(search.best_score_, 6),
        sorted(KMeans(3, n_init=1, random_state=0).fit(data).cluster_centers_.round(4).tolist()),
    ]
