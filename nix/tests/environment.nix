# Environments: their plan, their attributes, and what of them is built again.
let
  fetched = name: version: {
    pname = name;
    inherit version;
    file = "${name}-${version}-py3-none-any.whl";
    sha256 = "00";
    outPath = "/wheels/${name}-${version}";
  };
  base = import ./host.nix { };
  install =
    name: version: dependencies:
    base.installWheel {
      wheel = fetched name version;
      inherit dependencies;
    };
  ps = rec {
    numpy_1 = install "numpy" "1.26.4" [ ];
    numpy = install "numpy" "2.3.5" [ ];
    pandas = install "pandas" "2.3.3" [ numpy ];
    torch = install "torch" "2.4" [ numpy ];
  };
  pinfold = import ./host.nix { packages = ps; };
  chosen = ps: [
    ps.pandas
    (ps.torch.pinned { numpy = ps.numpy_1; })
  ];
  env = pinfold.withPins chosen;
  plan = builtins.fromJSON (builtins.unsafeDiscardStringContext env.plan);
  locked = pinfold.pythonWithPins { lock = ./example.lock; };
  plans = import ../lib/plan.nix;
  refused = value: !(builtins.tryEval (builtins.deepSeq value true)).success;
  fetch = import ../lib/fetch-wheel.nix;
  wheel = {
    name = "x";
    version = "1";
    file = "x-1-py3-none-any.whl";
    sha256 = "00";
  };
in
{
  withPins.is-python-with-pins = {
    expr = env.drvPath == (pinfold.pythonWithPins { packages = chosen; }).drvPath;
    expected = true;
  };
  pythonWithPins = {
    several-versions-in-one-plan = {
      expr = map (unit: unit.key) plan.units;
      expected = [
        "root/numpy"
        "root/pandas"
        "torch/numpy"
        "torch/torch"
      ];
    };
    a-list-of-packages-will-do = {
      expr = (pinfold.pythonWithPins { packages = chosen ps; }).drvPath == env.drvPath;
      expected = true;
    };
    pins-by-name = {
      expr =
        (pinfold.pythonWithPins {
          packages = ps: [
            ps.pandas
            ps.torch
          ];
          pins.torch = {
            numpy = ps.numpy_1;
          };
        }).closures == env.closures;
      expected = true;
    };
    its-attributes = {
      expr = map (name: env ? ${name}) [
        "override"
        "env"
        "python"
        "interpreter"
        "sitePackages"
        "closure"
        "report"
        "tests"
      ];
      expected = [
        true
        true
        true
        true
        true
        true
        true
        true
      ];
    };
    paths = {
      expr = map (path: builtins.substring (builtins.stringLength "${env}") 99 path) [
        env.interpreter
        env.closure
      ];
      expected = [
        "/bin/python"
        "/closure.json"
      ];
    };
    overridden = {
      expr = map (c: c.name) (env.override { packages = ps: [ ps.pandas ]; }).closures;
      expected = [ "root" ];
    };
    overridden-by-a-function-and-again = {
      expr = [
        (
          ((env.override { abiCheck = false; }).override (old: {
            inherit (old) abiCheck;
          })).drvPath == (env.override { abiCheck = false; }).drvPath
        )
        ((env.override { abiCheck = false; }).drvPath == env.drvPath)
      ];
      expected = [
        true
        false
      ];
    };
    from-a-lock = {
      expr = map (unit: unit.key) locked.units;
      expected = [
        "app@000000000000"
        "numpy@111111111111"
        "numpy@222222222222"
      ];
    };
    a-part-of-a-lock = {
      expr =
        map (unit: unit.key)
          (pinfold.pythonWithPins {
            lock = ./example.lock;
            packages = ps: [ ps.app ];
          }).units;
      expected = [
        "app/numpy"
        "app/app"
      ];
    };
    a-lock-with-a-pin-of-one-s-own = {
      expr =
        map (c: c.name)
          (pinfold.pythonWithPins {
            lock = ./example.lock;
            pins.numpy = { };
          }).closures;
      expected = [
        "root"
        "app"
        "numpy==1.26.4"
        "numpy==2.3.5"
      ];
    };
    what-is-held-is-listed = {
      expr =
        let
          held = pinfold.pythonWithPins {
            lock = ./held.lock;
            now = "2026-01-10";
          };
          reasons = map (hold: hold.reason);
        in
        [
          (reasons held.holds)
          (reasons held.report.holds)
          (reasons (builtins.fromJSON held.report.held))
          (reasons held.meta.pinfold.holds)
          held.packages.numpy.meta.pinfold.held.reason
          (env.meta ? pinfold)
        ];
      expected = [
        [ "its gate failed" ]
        [ "its gate failed" ]
        [ "its gate failed" ]
        [ "its gate failed" ]
        "its gate failed"
        false
      ];
    };
    a-bump-looks-into-one-package = {
      expr =
        let
          inputs =
            torch:
            builtins.attrNames (
              builtins.getContext
                (pinfold.pythonWithPins {
                  packages = [
                    ps.pandas
                    torch
                  ];
                }).script
            );
          before = inputs ps.torch;
          after = inputs (install "torch" "2.5" [ ps.numpy ]);
        in
        builtins.filter (input: !builtins.elem input before) after
        == [ (builtins.unsafeDiscardStringContext (pinfold.abiFacts (install "torch" "2.5" [ ])).drvPath) ];
      expected = true;
    };
    passthru-is-there = {
      expr = env.passthru.closure == env.closure;
      expected = true;
    };
    nothing-at-all-is-refused = {
      expr = refused (pinfold.pythonWithPins { }).drvPath;
      expected = true;
    };
    native-is-isolate-or-shared = {
      expr =
        map
          (
            native:
            refused
              (pinfold.pythonWithPins {
                packages = [ ];
                inherit native;
              }).drvPath
          )
          [
            "own"
            "shared"
            null
          ];
      expected = [
        true
        false
        false
      ];
    };
    a-lag-that-is-no-number-is-refused = {
      expr =
        map
          (
            maxLagDays:
            refused
              (pinfold.pythonWithPins {
                packages = [ ];
                inherit maxLagDays;
              }).drvPath
          )
          [
            "soon"
            (0 - 1)
            0
          ];
      expected = [
        true
        true
        false
      ];
    };
    tests-of-its-packages = {
      expr =
        builtins.attrNames
          (pinfold.pythonWithPins {
            packages = [
              (base.installWheel {
                wheel = fetched "x" "1";
                tests.check = ps.numpy;
              })
            ];
          }).tests;
      expected = [
        "root-x"
        "start"
      ];
    };
  };
  toPlan.what-assemble-reads = {
    expr = builtins.fromJSON (
      plans.toPlan {
        name = "e";
        python = {
          interpreter = "/p/bin/python3.11";
          pythonVersion = "3.11";
        };
        hook = "/hook";
        closures = {
          units = [
            {
              key = "root/x";
              package = "/x";
              dependencies = [ ];
              pin = null;
              hash = "h";
            }
          ];
          closures = [
            {
              name = "root";
              owner = null;
              requires = [ "x" ];
              direct = [ "root/x" ];
              units = [ "root/x" ];
            }
          ];
        };
      }
    );
    expected = {
      version = 1;
      name = "e";
      python = "/p/bin/python3.11";
      pythonVersion = "3.11";
      hook = "/hook/pinfold";
      onConflict = "error";
      required = [ ];
      units = [
        {
          key = "root/x";
          installed = "/x";
          dependencies = [ ];
          pin = null;
          hash = "h";
        }
      ];
      closures = [
        {
          name = "root";
          owner = null;
          requires = [ "x" ];
          direct = [ "root/x" ];
          units = [ "root/x" ];
        }
      ];
    };
  };
  fetchWheel = {
    by-hash-from-the-host = {
      expr =
        (
          (fetch { wheelDir = null; } (w: {
            outPath = w.sha256;
          })).fetchWheel
          wheel
        ).outPath;
      expected = "00";
    };
    a-local-file-that-is-gone-is-refused = {
      expr =
        refused
          ((fetch { wheelDir = null; } (_: null)).fetchWheel (
            wheel
            // {
              path = "names.nix.whl";
              lockFolder = ./.;
            }
          )).outPath;
      expected = true;
    };
    nowhere-to-be-had-is-refused = {
      expr = refused ((fetch { wheelDir = null; } (_: null)).fetchWheel wheel).outPath;
      expected = true;
    };
    a-folder-to-be-built-is-refused-with-a-way-out = {
      expr =
        refused
          ((fetch { wheelDir = null; } (_: null)).fetchWheel (
            wheel
            // {
              path = "x";
              lockFolder = ./.;
            }
          )).outPath;
      expected = true;
    };
  };
}
