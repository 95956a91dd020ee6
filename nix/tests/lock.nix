# Locks, read at evaluation.
let
  locks = import ../lib/lock.nix;
  pinfold = import ./host.nix { };
  text = builtins.readFile ./example.lock;
  parse = text: python: locks.parse { inherit text python; };
  lock = parse text "3.11";
  installed = locks.install {
    inherit lock;
    inherit (pinfold) installWheel;
    inherit (pinfold.host.fetching) fetchWheel;
  };
  replace = from: to: builtins.replaceStrings [ from ] [ to ] text;
  refused = text: !(builtins.tryEval (builtins.deepSeq (parse text "3.11").python true)).success;
  tools = locks.buildTools { inherit lock installed; };
  inherit (pinfold.host) fetching;
  resolved = locks.toClosures { inherit lock installed; };
  holds = import ../lib/holds.nix;
  hold = {
    track = "science";
    since = "2026-11-01T00:00:00Z";
    reason = "its gate failed";
  };
  # What `meta` says of packages where a track is held back.
  held =
    track:
    let
      arguments = {
        inherit installed;
        lock = lock // {
          holds = [ (hold // { inherit track; }) ];
        };
      };
      metas = builtins.mapAttrs (_: package: package.meta);
      byName =
        units:
        builtins.listToAttrs (
          map (unit: {
            name = "${unit.package.pname}-${unit.package.version}";
            value = unit.package;
          }) units
        );
    in
    {
      units = metas (byName (locks.toClosures arguments).units);
      set = metas (locks.toPackages arguments);
    };
  hashOf = digit: builtins.concatStringsSep "" (builtins.genList (_: digit) 64);
  day = n: holds.secondsOf "2026-11-01T00:00:00Z" + n * 86400;
in
{
  secondsOf.moments = {
    expr = map holds.secondsOf [
      "1970-01-01T00:00:00Z"
      "2000-02-29T12:30:05Z"
      "2024-03-01T00:00:00.123Z"
      "2100-03-01T00:00:00Z"
      "2024-03-01"
      "20240301000000"
      1709251200
      "yesterday"
      [ ]
    ];
    expected = [
      0
      951827405
      1709251200
      4107542400
      1709251200
      1709251200
      1709251200
      null
      null
    ];
  };
  metaOf.of-the-track-alone = {
    expr = map (holds.metaOf [ hold ]) [
      "science"
      "main"
    ];
    expected = [
      { pinfold.held = hold; }
      { }
    ];
  };
  overdue.later-than-the-days = {
    expr =
      map
        (
          now:
          map (h: h.track) (
            holds.overdue {
              holds = [ hold ];
              days = 14;
              inherit now;
            }
          )
        )
        [
          (day 14)
          (day 15)
          null
        ];
    expected = [
      [ ]
      [ "science" ]
      [ ]
    ];
  };
  check.refused-or-passed-on = {
    expr =
      map
        (
          now:
          (builtins.tryEval (
            holds.check {
              holds = [ hold ];
              days = 14;
              inherit now;
            } "it"
          )).value
        )
        [
          (day 1)
          (day 20)
        ];
    expected = [
      "it"
      false
    ];
  };
  parse = {
    wheels = {
      expr = map (wheel: "${wheel.name} ${wheel.version}") lock.wheels;
      expected = [
        "app 1.0"
        "numpy 1.26.4"
        "numpy 2.3.5"
      ];
    };
    another-python-is-refused = {
      expr = (builtins.tryEval (parse text "3.12").python).success;
      expected = false;
    };
    a-wheel-for-another-python-is-refused = {
      expr = refused (replace "numpy-2.3.5-cp311-cp311" "numpy-2.3.5-cp312-cp312");
      expected = true;
    };
    a-unit-that-is-not-there-is-refused = {
      expr = refused (
        replace "dependencies = [\"numpy@111111111111\"]" "dependencies = [\"numpy@333333333333\"]"
      );
      expected = true;
    };
    another-platform-is-refused = {
      expr =
        map
          (
            system:
            (builtins.tryEval
              (locks.parse {
                inherit text system;
                python = "3.11";
              }).python
            ).success
          )
          [
            "x86_64-linux"
            "aarch64-linux"
          ];
      expected = [
        true
        false
      ];
    };
    another-format-is-refused = {
      expr = refused (replace "version = 1\npython" "version = 2\npython");
      expected = true;
    };
  };
  install = {
    a-fixed-output-fetch-for-each-wheel = {
      expr = map (wheel: [
        installed.${wheel.sha256}.wheel.url
        installed.${wheel.sha256}.wheel.outputHash
      ]) lock.wheels;
      expected = map (wheel: [
        "mirror://wheels/${wheel.file}"
        wheel.sha256
      ]) lock.wheels;
    };
    a-source-is-built-with-the-locks-own-tools = {
      expr =
        let
          built =
            (locks.install {
              inherit lock;
              inherit (pinfold) installWheel buildWheel;
              inherit (fetching) fetchWheel;
              fetchSource = wheel: if wheel.name == "app" then ./packages/leaf else null;
            }).${(builtins.head lock.wheels).sha256}.wheel;
        in
        [
          built.name
          (map (tool: tool.pname) built.build-system)
        ];
      expected = [
        "app-1.0-wheel"
        [ "setuptools" ]
      ];
    };
    a-tool-that-is-a-source-is-built-too = {
      expr =
        let
          folders = lock // {
            wheels = map (wheel: wheel // { path = wheel.name; }) lock.wheels;
            buildSet.wheel = map (
              wheel: if wheel.name == "setuptools" then wheel // { path = "setuptools"; } else wheel
            ) lock.buildSet.wheel;
            buildSet.package = lock.buildSet.package ++ [
              {
                name = "setuptools";
                wheels = [ (builtins.head lock.buildSet.wheel).sha256 ];
              }
            ];
          };
          toolOf =
            wheels:
            builtins.head
              (locks.install {
                lock = folders;
                inherit (pinfold) installWheel buildWheel;
                fetchWheel = wheel: wheel // { outPath = "/fetched"; };
                fetchSource = _: ./packages/leaf;
                inherit wheels;
              }).${(builtins.head lock.wheels).sha256}.wheel.build-system;
        in
        [
          (toolOf { }).wheel.name
          (map (tool: tool.pname) (toolOf { }).wheel.build-system)
          (toolOf { }).wheel.SETUPTOOLS_SCM_PRETEND_VERSION_FOR_SETUPTOOLS
          (toolOf { setuptools.outPath = "/given"; }).wheel
        ];
      expected = [
        "setuptools-80.9-wheel"
        [ "packaging" ]
        "80.9"
        { outPath = "/given"; }
      ];
    };
    a-wheel-that-is-given-is-not-fetched = {
      expr =
        (locks.install {
          inherit lock;
          inherit (pinfold) installWheel;
          fetchWheel = _: throw "fetched";
          wheels.app = {
            outPath = "/built";
          };
        }).${(builtins.head lock.wheels).sha256}.wheel.outPath;
      expected = "/built";
    };
  };
  buildTools = {
    those-of-the-package-alone = {
      expr = map (tool: "${tool.pname} ${tool.version}") (tools "app");
      expected = [ "setuptools 80.9" ];
    };
    of-what-is-not-built = {
      expr = tools "numpy";
      expected = null;
    };
  };
  fetchSource = {
    a-folder = {
      expr =
        builtins.match ".*-source" (
          fetching.fetchSource {
            path = "packages/leaf";
            lockFolder = ./.;
            file = "x.whl";
          }
        ) != null;
      expected = true;
    };
    nothing-where-the-wheel-is-here = {
      expr = fetching.fetchSource {
        path = "x.whl";
        lockFolder = ./.;
        file = "x.whl";
      };
      expected = null;
    };
  };
  isSource = {
    what-is-left-behind-is-none = {
      expr =
        map (name: fetching.isSource "/x" "/x/${name}" "directory") [
          "src"
          ".git"
          "build/lib"
          "build/temp.linux-x86_64-cpython-311"
        ]
        ++ map (name: fetching.isSource "/x" "/x/${name}" "regular") [
          "a.py"
          ".git"
        ]
        ++ [
          (fetching.isSource "/x" "/x/.#a.py" "symlink")
          (fetching.isSource "/x" "/x/socket" "unknown")
        ];
      expected = [
        true
        false
        false
        false
        true
        false
        false
        false
      ];
    };
    what-a-package-ships-is = {
      expr =
        map (name: fetching.isSource "/x" "/x/${name}" "directory") [
          "build/libz"
          "pkg/build/lib"
          "pkg/data/other.egg-info"
        ]
        ++ map (name: fetching.isSource "/x" "/x/${name}" "regular") [
          "pkg/compiled.pyc"
          "pkg/example/pinfold.lock"
        ];
      expected = [
        true
        true
        true
        true
        true
      ];
    };
  };
  hasWheel.of-a-path-to-a-wheel = {
    expr = map fetching.hasWheel [
      {
        file = "x.whl";
        path = "wheels/x.whl";
        lockFolder = ./.;
      }
      {
        file = "x.whl";
        path = "x";
      }
    ];
    expected = [
      true
      false
    ];
  };
  described = {
    what-is-held-back-says-so = {
      expr = map (meta: meta.pinfold.held.reason or null) [
        (held "main").units."numpy-2.3.5"
        (held "main").units."numpy-1.26.4"
        (held "main").set.numpy
        (held "science").set.numpy
      ];
      expected = [
        "its gate failed"
        null
        "its gate failed"
        null
      ];
    };
    a-closure-of-a-track = {
      expr =
        let
          text = replace "name = \"app\"\nowner = \"app@000000000000\"" "name = \"science\"\ntrack = \"science\"";
          lock = parse text "3.11" // {
            holds = [ hold ];
          };
        in
        map (id: (locks.described lock { } id).meta.pinfold.held.track or null) [
          "numpy@111111111111"
          "numpy@222222222222"
        ];
      expected = [
        "science"
        null
      ];
    };
  };
  direct.what-root-asks-for = {
    expr = map (package: "${package.pname} ${package.version}") (
      locks.direct lock (locks.toPackages { inherit lock installed; })
    );
    expected = [
      "app 1.0"
      "numpy 2.3.5"
    ];
  };
  toClosures = {
    as-they-stand-in-it = {
      expr = map (c: { inherit (c) name owner direct; }) resolved.closures;
      expected = [
        {
          name = "root";
          owner = null;
          direct = [
            "app@000000000000"
            "numpy@222222222222"
          ];
        }
        {
          name = "app";
          owner = "app@000000000000";
          direct = [ "numpy@111111111111" ];
        }
      ];
    };
    hashes-only-where-bytes-are-the-locks = {
      expr =
        map
          (
            wheels:
            map (unit: "${unit.key} ${unit.hash or "of its own"}")
              (locks.toClosures { inherit lock installed wheels; }).units
          )
          [
            { app.outPath = "/given"; }
            { numpy."1.26.4".outPath = "/given"; }
          ];
      expected = [
        [
          "app@000000000000 of its own"
          "numpy@111111111111 ${hashOf "1"}"
          "numpy@222222222222 ${hashOf "2"}"
        ]
        [
          "app@000000000000 of its own"
          "numpy@111111111111 of its own"
          "numpy@222222222222 ${hashOf "2"}"
        ]
      ];
    };
    nor-are-those-of-what-a-given-tool-builds = {
      expr =
        let
          built = parse (replace "name = \"app\"\nversion" "name = \"app\"\npath = \"app\"\nversion") "3.11";
        in
        map (unit: unit ? hash)
          (locks.toClosures {
            lock = built;
            inherit installed;
            wheels.setuptools.outPath = "/given";
          }).units;
      expected = [
        false
        true
        true
      ];
    };
  };
  toPackages.a-package-set-with-pins = {
    expr =
      let
        set = locks.toPackages { inherit lock installed; };
      in
      {
        names = builtins.attrNames set;
        pin = set.app.pin.packages.numpy.version;
        dependencies = map (p: p.version) set.app.dependencies;
      };
    expected = {
      names = [
        "app"
        "numpy"
      ];
      pin = "1.26.4";
      dependencies = [ "1.26.4" ];
    };
  };
}
