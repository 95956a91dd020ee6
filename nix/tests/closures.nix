# Who sees whom.
let
  closures = import ../lib/closures.nix;
  inherit (import ./installed.nix)
    package
    numpy_1
    numpy
    pandas
    report-new
    report-old
    requests
    refused
    ;

  resolve = packages: closures.resolve { inherit packages; };
  keys = closure: builtins.sort builtins.lessThan (unique closure.units);
  unique =
    list:
    builtins.attrNames (
      builtins.listToAttrs (
        map (key: {
          name = key;
          value = null;
        }) list
      )
    );
  named =
    result:
    builtins.listToAttrs (
      map (c: {
        inherit (c) name;
        value = c;
      }) result.closures
    );
  unit = result: key: builtins.head (builtins.filter (u: u.key == key) result.units);
  pinned = resolve [
    report-new
    (report-old.pinned { numpy = numpy_1; })
  ];
  nested = report-old.pinned {
    pandas = pandas.pinned { numpy = numpy_1; };
  };
in
{
  resolve = {
    without-pins-one-closure = {
      expr = map (c: c.name) (resolve [ report-new ]).closures;
      expected = [ "root" ];
    };
    a-pin-is-a-leaf-of-root-and-owns-a-closure = {
      expr = builtins.mapAttrs (_: keys) (named pinned);
      expected = {
        root = [
          "report-old/report-old"
          "root/numpy"
          "root/pandas"
          "root/pytz"
          "root/report-new"
        ];
        report-old = [
          "report-old/numpy"
          "report-old/pandas"
          "report-old/pytz"
          "report-old/report-old"
        ];
      };
    };
    inside-a-pin-its-version-replaces-the-others = {
      expr = map (key: (unit pinned key).package.version) [
        "root/numpy"
        "report-old/numpy"
      ];
      expected = [
        "2.3.5"
        "1.26.4"
      ];
    };
    what-a-pin-names-counts-as-declared = {
      expr = (unit pinned "report-old/report-old").dependencies;
      expected = [
        "report-old/numpy"
        "report-old/pandas"
      ];
    };
    the-pin-of-a-unit = {
      expr = (unit pinned "report-old/report-old").pin;
      expected = {
        closure = "report-old";
        undeclared = "allow";
        share = [ ];
        private = [ ];
      };
    };
    requirements-of-closures = {
      expr = builtins.mapAttrs (_: c: c.requires) (named pinned);
      expected = {
        root = [
          "report-new==1.0"
          "report-old==1.0"
        ];
        report-old = [ "numpy==1.26.4" ];
      };
    };
    pins-by-name-are-pins-on-the-package = {
      expr =
        (closures.resolve {
          packages = [
            report-new
            report-old
          ];
          pins.report-old = {
            numpy = numpy_1;
          };
        }).closures == pinned.closures;
      expected = true;
    };
    a-pin-of-a-dependency = {
      expr = map (c: c.name) (resolve [ nested ]).closures;
      expected = [
        "root"
        "pandas"
        "report-old"
      ];
    };
    a-pinned-dependency-is-a-leaf-of-the-pin = {
      expr = keys (named (resolve [ nested ])).report-old;
      expected = [
        "pandas/pandas"
        "report-old/report-old"
      ];
    };
    two-versions-of-one-name-are-refused = {
      expr = refused (resolve [
        pandas
        numpy_1
      ]);
      expected = true;
    };
    or-the-nearest-one-counts = {
      expr =
        (unit (closures.resolve {
          packages = [
            numpy_1
            pandas
          ];
          onConflict = "warn";
        }) "root/numpy").package.version;
      expected = "1.26.4";
    };
    two-pinned-versions-have-closures-of-their-own = {
      expr =
        map (c: c.name)
          (resolve [
            ((package "a" "1" [ (package "x" "1" [ pandas ]) ]).pinned {
              x = (package "x" "1" [ pandas ]).pinned { };
            })
            ((package "b" "1" [ ]).pinned { x = (package "x" "2" [ pandas ]).pinned { numpy = numpy_1; }; })
          ]).closures;
      expected = [
        "root"
        "a"
        "b"
        "x==1"
        "x==2"
      ];
    };
    sharing-takes-roots-with-what-it-needs = {
      expr =
        let
          result = resolve [
            requests
            (
              (package "app" "1" [
                requests
                pandas
              ]).pinned
              {
                numpy = numpy_1;
                share = [ "requests" ];
              }
            )
          ];
        in
        [
          (unit result "app/app").pin.share
          (keys (named result).app)
        ];
      expected = [
        [ "requests" ]
        [
          "app/app"
          "app/idna"
          "app/numpy"
          "app/pandas"
          "app/pytz"
          "app/requests"
        ]
      ];
    };
    sharing-what-root-does-not-have-is-refused = {
      expr = refused (resolve [ (report-old.pinned { share = [ "requests" ]; }) ]);
      expected = true;
    };
    a-pin-of-something-that-is-not-there-is-refused = {
      expr = refused (
        closures.resolve {
          packages = [ pandas ];
          pins.torch = { inherit numpy; };
        }
      );
      expected = true;
    };
    a-circle-of-dependencies = {
      expr =
        let
          a = package "a" "1" [ b ];
          b = package "b" "1" [ a ];
        in
        map (u: u.dependencies) (resolve [ a ]).units;
      expected = [
        [ "root/b" ]
        [ "root/a" ]
      ];
    };
    an-unknown-way-of-conflict-is-refused = {
      expr = refused (
        closures.resolve {
          packages = [ ];
          onConflict = "ignore";
        }
      );
      expected = true;
    };
  };
  readPin = {
    options-are-told-from-packages-by-what-they-are = {
      expr =
        let
          pin = closures.readPin "x" {
            share = [ "a" ];
            undeclared = "deny";
            private = numpy;
          };
        in
        [
          pin.share
          pin.undeclared
          (builtins.attrNames pin.packages)
        ];
      expected = [
        [ "a" ]
        "deny"
        [ "numpy" ]
      ];
    };
    nonsense-is-refused = {
      expr = map (pins: refused (closures.readPin "x" pins)) [
        { numpy = "1.26"; }
        { undeclared = "maybe"; }
        { }
      ];
      expected = [
        true
        true
        false
      ];
    };
  };
  pinnable.the-files-are-the-same = {
    expr = [
      "${report-old.pinned { numpy = numpy_1; }}"
      ((report-old.pinned { }).pinned { numpy = numpy_1; }).pin.packages.numpy.version
    ];
    expected = [
      "/nix/store/report-old-1.0"
      "1.26.4"
    ];
  };
}
