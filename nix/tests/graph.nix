# A package set with the shape of the real one: build tools have runtime dependencies of their own, native tools are
# built with Python packages, tests need what depends on much. Versions and sources are not there: nothing is built.
{
  # Build tools and what they need.
  setuptools = { };
  wheel = {
    build = [ "flit-core" ];
  };
  flit-core = { };
  packaging = {
    build = [ "flit-core" ];
  };
  pathspec = {
    build = [ "flit-core" ];
  };
  pluggy = {
    build = [
      "setuptools"
      "setuptools-scm"
    ];
  };
  trove-classifiers = {
    build = [ "setuptools" ];
  };
  hatchling = {
    dependencies = [
      "packaging"
      "pathspec"
      "pluggy"
      "trove-classifiers"
    ];
    build = [ "flit-core" ];
  };
  hatch-vcs = {
    dependencies = [
      "hatchling"
      "setuptools-scm"
    ];
    build = [ "hatchling" ];
  };
  setuptools-scm = {
    dependencies = [
      "packaging"
      "setuptools"
    ];
    build = [ "setuptools" ];
  };
  poetry-core = {
    build = [ "flit-core" ];
  };
  pyproject-metadata = {
    dependencies = [ "packaging" ];
    build = [ "flit-core" ];
  };
  meson-python = {
    dependencies = [
      "pyproject-metadata"
      "packaging"
    ];
    build = [ "pyproject-metadata" ];
    native = [ "ninja" ];
  };
  cython = {
    build = [ "setuptools" ];
  };
  expandvars = {
    build = [ "hatchling" ];
  };
  scikit-build-core = {
    dependencies = [
      "packaging"
      "pathspec"
    ];
    build = [
      "hatchling"
      "hatch-vcs"
    ];
    native = [ "cmake" ];
  };

  # What documentation is made with: native tools are built with it.
  certifi = {
    build = [ "setuptools" ];
  };
  idna = {
    build = [ "flit-core" ];
  };
  charset-normalizer = {
    build = [ "setuptools" ];
  };
  urllib3 = {
    build = [
      "hatchling"
      "hatch-vcs"
    ];
  };
  requests = {
    dependencies = [
      "certifi"
      "idna"
      "charset-normalizer"
      "urllib3"
    ];
    build = [ "setuptools" ];
    check = [ "pytest" ];
  };
  markupsafe = {
    build = [ "setuptools" ];
    check = [ "pytest" ];
  };
  jinja2 = {
    dependencies = [ "markupsafe" ];
    build = [ "flit-core" ];
  };
  babel = {
    build = [ "setuptools" ];
  };
  docutils = {
    build = [ "flit-core" ];
  };
  pygments = {
    build = [ "hatchling" ];
  };
  imagesize = {
    build = [ "setuptools" ];
  };
  snowballstemmer = {
    build = [ "setuptools" ];
  };
  sphinx = {
    dependencies = [
      "requests"
      "jinja2"
      "babel"
      "docutils"
      "pygments"
      "imagesize"
      "snowballstemmer"
      "packaging"
    ];
    build = [ "flit-core" ];
  };

  # What tests are run with.
  iniconfig = {
    build = [
      "hatchling"
      "hatch-vcs"
    ];
  };
  pytest = {
    dependencies = [
      "iniconfig"
      "packaging"
      "pluggy"
      "pygments"
    ];
    build = [
      "setuptools"
      "setuptools-scm"
    ];
  };
  sortedcontainers = {
    build = [ "setuptools" ];
  };
  attrs = {
    build = [
      "hatchling"
      "hatch-vcs"
    ];
  };
  hypothesis = {
    dependencies = [
      "attrs"
      "sortedcontainers"
    ];
    build = [ "setuptools" ];
  };
  pytest-asyncio = {
    dependencies = [ "pytest" ];
    build = [ "setuptools-scm" ];
  };

  # What people ask for.
  six = {
    build = [ "setuptools" ];
    check = [ "pytest" ];
  };
  pytz = {
    build = [ "setuptools" ];
  };
  tzdata = {
    build = [ "setuptools" ];
  };
  python-dateutil = {
    dependencies = [ "six" ];
    build = [
      "setuptools"
      "setuptools-scm"
    ];
    check = [
      "pytest"
      "hypothesis"
    ];
  };
  numpy = {
    build = [
      "meson-python"
      "cython"
    ];
    native = [ "ninja" ];
    check = [
      "pytest"
      "hypothesis"
    ];
  };
  pandas = {
    dependencies = [
      "numpy"
      "python-dateutil"
      "pytz"
      "tzdata"
    ];
    build = [
      "meson-python"
      "cython"
      "numpy"
    ];
    check = [
      "pytest"
      "hypothesis"
    ];
  };
  scipy = {
    dependencies = [ "numpy" ];
    build = [
      "meson-python"
      "cython"
      "numpy"
    ];
    check = [
      "pytest"
      "hypothesis"
    ];
  };
  multidict = {
    build = [ "setuptools" ];
    check = [ "pytest" ];
  };
  frozenlist = {
    build = [
      "setuptools"
      "cython"
      "expandvars"
    ];
    check = [ "pytest" ];
  };
  propcache = {
    build = [
      "setuptools"
      "cython"
      "expandvars"
    ];
    check = [ "pytest" ];
  };
  yarl = {
    dependencies = [
      "idna"
      "multidict"
      "propcache"
    ];
    build = [
      "setuptools"
      "cython"
      "expandvars"
    ];
    check = [
      "pytest"
      "hypothesis"
    ];
  };
  aiohttp = {
    dependencies = [
      "attrs"
      "multidict"
      "frozenlist"
      "yarl"
    ];
    build = [
      "setuptools"
      "cython"
    ];
    native = [ "cmake" ];
    check = [
      "pytest"
      "pytest-asyncio"
    ];
  };
  click = {
    build = [ "flit-core" ];
    check = [ "pytest" ];
  };
  werkzeug = {
    dependencies = [ "markupsafe" ];
    build = [ "flit-core" ];
    check = [ "pytest" ];
  };
  itsdangerous = {
    build = [ "flit-core" ];
  };
  flask = {
    dependencies = [
      "click"
      "jinja2"
      "werkzeug"
      "itsdangerous"
    ];
    build = [ "flit-core" ];
    check = [ "pytest" ];
  };
  pycparser = {
    build = [ "setuptools" ];
  };
  cffi = {
    dependencies = [ "pycparser" ];
    build = [ "setuptools" ];
    check = [ "pytest" ];
  };
  cryptography = {
    dependencies = [ "cffi" ];
    build = [
      "setuptools"
      "cffi"
    ];
    check = [
      "pytest"
      "hypothesis"
    ];
  };
  rapidfuzz = {
    build = [
      "scikit-build-core"
      "cython"
      "numpy"
    ];
    native = [
      "cmake"
      "ninja"
    ];
    check = [
      "pytest"
      "hypothesis"
    ];
  };
}
