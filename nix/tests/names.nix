# Names, file names, and what is asked of a package.
let
  names = import ../lib/names.nix;
  package = import ../lib/package.nix;
  mock = name: dependencies: rec {
    pname = name;
    version = "1";
    outPath = "/nix/store/${name}";
    inherit dependencies;
  };
  a = mock "a" [
    b
    c
  ];
  b = mock "b" [ c ];
  # Dependencies may go in a circle: they are attributes.
  c = mock "c" [ a ];
in
{
  normalize.forms = {
    expr = map names.normalize [
      "Foo.Bar__baz"
      "a-._-b"
      "PyYAML"
    ];
    expected = [
      "foo-bar-baz"
      "a-b"
      "pyyaml"
    ];
  };
  upperCase.for-variables = {
    expr = names.upperCase "my_pkg2";
    expected = "MY_PKG2";
  };
  storeName.an-epoch-is-none-of-its-letters = {
    expr = map names.storeName [
      "pytz-1!2.0+cpu"
      "a b/c"
    ];
    expected = [
      "pytz-1-2.0+cpu"
      "a-b-c"
    ];
  };
  splitOn.parts = {
    expr = names.splitOn "-" "a-b--c";
    expected = [
      "a"
      "b"
      ""
      "c"
    ];
  };
  parseWheel = {
    plain = {
      expr = names.parseWheel "numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.whl";
      expected = {
        name = "numpy";
        version = "1.26.4";
        build = null;
        python = "cp311";
        abi = "cp311";
        platform = "manylinux_2_17_x86_64";
      };
    };
    with-build-number = {
      expr = (names.parseWheel "x-1-2-py3-none-any.whl").build;
      expected = "2";
    };
    no-wheel = {
      expr = map names.parseWheel [
        "x-1.tar.gz"
        "x-1-py3.whl"
      ];
      expected = [
        null
        null
      ];
    };
  };
  fitsPython.tags = {
    expr = map (names.fitsPython "3.11") [
      "x-1-cp311-cp311-linux_x86_64.whl"
      "x-1-cp312-cp312-linux_x86_64.whl"
      "x-1-cp38-abi3-linux_x86_64.whl"
      "x-1-cp312-abi3-linux_x86_64.whl"
      "x-1-cp38-cp38-linux_x86_64.whl"
      "x-1-py2.py3-none-any.whl"
      "x-1-py312-none-any.whl"
      "x-1-py2-none-any.whl"
      "x-1-pp311-pypy311_pp73-linux_x86_64.whl"
    ];
    expected = [
      true
      false
      true
      false
      false
      true
      false
      false
      false
    ];
  };
  nameOf.forms = {
    expr = [
      (package.nameOf { pname = "A_b"; })
      (package.nameOf { name = "c.d-1.2"; })
    ];
    expected = [
      "a-b"
      "c-d"
    ];
  };
  versionOf.forms = {
    expr = [
      (package.versionOf { version = "1"; })
      (package.versionOf { name = "x-1.2"; })
      (package.versionOf { pname = "x"; })
    ];
    expected = [
      "1"
      "1.2"
      ""
    ];
  };
  labelOf.text = {
    expr = package.labelOf a;
    expected = "a 1";
  };
  dependenciesOf = {
    none = {
      expr = package.dependenciesOf { };
      expected = [ ];
    };
    of-an-older-package-of-nixpkgs = {
      expr = map package.nameOf (
        package.dependenciesOf {
          propagatedBuildInputs = [
            (a // { pythonModule = { }; })
            (b // { pythonModule = false; })
            c
            "/a/path"
          ];
        }
      );
      expected = [ "a" ];
    };
  };
  identityOf = {
    of-the-derivation = {
      expr = package.identityOf {
        drvPath = "/x.drv";
        outPath = "/y";
      };
      expected = "/x.drv";
    };
    attributes-do-not-count = {
      expr = package.identityOf a == package.identityOf (a // { dependencies = [ ]; });
      expected = true;
    };
  };
  fail.throws = {
    expr =
      (builtins.tryEval (
        package.fail {
          package = "x";
          step = "build";
          what = "no";
        }
      )).success;
    expected = false;
  };
  reach.each-once-nearest-first-in-a-circle = {
    expr = map package.nameOf (package.reach package.dependenciesOf [ a ]);
    expected = [
      "a"
      "b"
      "c"
    ];
  };
  siteOf.both-layouts = {
    expr = map (package.siteOf { sitePackages = "lib/python3.11/site-packages"; }) [
      a
      (a // { sitePackagesOf = _: "/nix/store/a/site-packages"; })
    ];
    expected = [
      "/nix/store/a/lib/python3.11/site-packages"
      "/nix/store/a/site-packages"
    ];
  };
  makeOverridable.twice = {
    expr =
      let
        made = package.makeOverridable (args: { sum = args.x + args.y; }) {
          x = 1;
          y = 2;
        };
      in
      [
        made.sum
        (made.override { x = 10; }).sum
        ((made.override { x = 10; }).override (old: {
          y = old.x;
        })).sum
      ];
    expected = [
      3
      12
      20
    ];
  };
}
