# An environment: one interpreter, every package with the dependencies it was resolved with.
# Deliberately not here: who sees whom (`closures.nix`), and what is written (`pinfold assemble`).
host: self:
let
  package = import ./package.nix;
  closures = import ./closures.nix;
  locks = import ./lock.nix;
  plans = import ./plan.nix;
  holding = import ./holds.nix;
  names = import ./names.nix;

  # A package as an environment takes it: an installed wheel. Hosts may make one of what their packages are.
  adopt =
    given:
    if given.isPinfoldUnit or false then
      given
    else if host ? adopt && given ? overridePythonAttrs then
      host.adopt given // (if given ? pin then { inherit (given) pin; } else { })
    else
      package.fail {
        package = if builtins.isAttrs given then package.labelOf given else builtins.toJSON given;
        step = "put into an environment";
        what = "it is no installed wheel";
        hint = "`installWheel { wheel = ...; }` makes one of a wheel, `splitPackage` of a package of nixpkgs";
      };

  strict = (import ./arguments.nix).strict {
    function = "pythonWithPins";
    step = "make";
    label = args: "the environment${if args ? name then " ${args.name}" else ""}";
  };

  make = package.makeOverridable (strict environmentOf);

  environmentOf =
    {
      python ? host.python,
      packages ? null,
      pins ? { },
      lock ? null,
      maxLagDays ? 14,
      now ? builtins.currentTime or null,
      abiCheck ? true,
      onConflict ? "error",
      native ? null,
      name ? "${python.name or "python${python.pythonVersion}"}-pinfold",
      wheels ? { },
      fetchWheel ? host.fetching.fetchWheel,
      # Packages whose requirements must be met: what `checkWheel` checks.
      required ? [ ],
    }@args:
    let
      parsed = locks.parse {
        file = lock;
        text =
          if builtins.pathExists lock then
            builtins.readFile lock
          else
            throw "pinfold: could not make the environment ${name}: there is no lock ${toString lock}\nhint: `pinfold lock` makes one; a flake sees only files that git knows";
        python = python.pythonVersion;
        inherit (host) system;
      };
      placed = wheel: wheel // { lockFolder = builtins.dirOf lock; };
      installed = locks.install {
        lock = parsed;
        inherit (self) installWheel buildWheel;
        fetchWheel =
          wheel:
          let
            fetched = fetchWheel (placed wheel);
          in
          (if builtins.isAttrs fetched then fetched else { outPath = "${fetched}"; })
          // {
            pname = wheel.name;
            inherit (wheel) version file sha256;
          };
        fetchSource = wheel: host.fetching.fetchSource (placed wheel);
        inherit wheels;
      };
      set =
        host.packages
        // (
          if lock == null then
            { }
          else
            locks.toPackages {
              lock = parsed;
              inherit installed;
            }
        );
      chosen =
        if builtins.isFunction packages then
          packages set
        else if builtins.isList packages then
          packages
        else if packages != null then
          package.fail {
            package = "the environment ${name}";
            step = "make";
            what = "`packages` is ${
              if packages ? pname then
                "a package, ${package.labelOf packages}"
              else
                "a ${builtins.typeOf packages}"
            }, not a list of packages";
            hint = "`packages = ps: [ ps.numpy ]`, or `packages = [ ... ]`";
          }
        else
          locks.direct parsed set;
      # The lock as it stands, where nobody chooses from it.
      whole = lock != null && packages == null && pins == { };
      resolved =
        if packages == null && lock == null then
          throw "pinfold: could not make the environment ${name}: it has neither packages nor a lock\nhint: `packages = ps: [ ps.numpy ]`, or `lock = ./pinfold.lock`"
        else if whole then
          locks.toClosures {
            lock = parsed;
            inherit installed wheels;
          }
        else if
          python.pythonVersion != host.python.pythonVersion && builtins.isFunction packages && lock == null
        then
          package.fail {
            package = "the environment ${name}";
            step = "make";
            what = "its Python is ${python.pythonVersion}, and the packages to choose from are those of Python ${host.python.pythonVersion}";
            hint = "with the overlay, `python${
              builtins.replaceStrings [ "." ] [ "" ] python.pythonVersion
            }.withPins`; or pass that Python's packages as a list";
          }
        else
          closures.resolve {
            packages = map adopt chosen;
            inherit pins onConflict adopt;
          };
      holds = if lock == null then [ ] else parsed.holds;
      days = builtins.isInt maxLagDays && maxLagDays >= 0;
      own =
        if native != null then
          native
        else if lock != null then
          parsed.native or "isolate"
        else
          "isolate";
      plan = plans.toPlan {
        inherit name python onConflict;
        native = own;
        hook = host.hook python;
        closures = resolved;
        required = map package.nameOf required;
        lock =
          if whole then
            builtins.path {
              path = lock;
              name = "pinfold.lock";
            }
          else
            null;
      };

      environment = host.step {
        name = names.storeName name;
        inherit plan;
        meta = {
          mainProgram = "python";
        }
        // (if holds == [ ] then { } else { pinfold.holds = holds; });
        contentAddressed = false;
        passAsFile = [ "plan" ];
        script = ''
          ${host.tools.pinfold}/bin/pinfold assemble "$planPath" --out "$out"
          ${
            if abiCheck then
              ''
                if ! ${abicheck "$out"} > "$TMPDIR/report" 2>&1; then
                  cat "$TMPDIR/report" >&2
                  echo "error: the environment "${host.quote name}" failed its ABI check; what was found stands above" >&2
                  echo "hint: pin, leave out or replace one of the packages named there; abiCheck = false builds it all the same" >&2
                  exit 1
                fi
              ''
            else
              ""
          }
        '';
        passthru = {
          inherit python;
          interpreter = "${environment}/bin/python";
          sitePackages = "lib/python${python.pythonVersion}/site-packages";
          closure = "${environment}/closure.json";
          inherit report;
          inherit (resolved) units closures;
          inherit holds;
          packages = set;
          env = host.shellFor name environment;
          tests = testsOf resolved.units // {
            start = host.step {
              name = names.storeName "${name}-start";
              script = ''
                ${environment}/bin/python -c 'import pinfold' && mkdir "$out"
              '';
            };
          };
        };
      };

      # What does not change of the packages was looked into before; what the environment adds is looked into now.
      factsOf = builtins.concatStringsSep " " (
        map (unit: "--facts ${self.abiFacts unit.package}") resolved.units
      );
      abicheck =
        folder:
        "HOME=$TMPDIR ${host.tools.abicheck}/bin/abicheck --no-config --no-cache --color never ${factsOf} ${folder}";

      report = host.step {
        name = names.storeName "${name}-report";
        held = builtins.toJSON holds;
        passAsFile = [ "held" ];
        passthru = { inherit holds; };
        script = ''
          mkdir "$out"
          cp "$heldPath" "$out/holds.json"
          for format in json html; do
            ${abicheck "${make (args // { abiCheck = false; })}"} --output "$out/report.$format" || test $? = 1
          done
        '';
      };

      testsOf =
        units:
        builtins.listToAttrs (
          map (unit: {
            name = builtins.replaceStrings [ "/" ] [ "-" ] unit.key;
            value = unit.package.tests;
          }) (builtins.filter (unit: (unit.package.tests or { }) != { }) units)
        );
    in
    if
      !builtins.elem own [
        "isolate"
        "shared"
      ]
    then
      throw "pinfold: native = ${builtins.toJSON own}; it is \"isolate\" or \"shared\""
    else if !days then
      throw "pinfold: maxLagDays = ${builtins.toJSON maxLagDays}; it is a number of days, 0 or more"
    else
      holding.check {
        inherit holds now;
        days = maxLagDays;
      } environment
      // {
        override = new: make (args // (if builtins.isFunction new then new args else new));
      };
in
/**
  An environment with `bin/python`, console scripts, the import hook and `closure.json`.

  # Inputs

  `python`
  : the interpreter

  `packages`
  : a list of packages, or a function from the package set to one; with a lock, the set has the lock's packages

  `pins`
  : `{ NAME = { OTHER = package; }; }`: the dependencies of NAME are its own affair

  `lock`
  : a `pinfold.lock`; without `packages`, the environment is all of it

  `maxLagDays`, `now`
  : how long a part of the lock may be held back, counted to `now` (a flake's `self.lastModified`, or `"2026-11-22"`):
    the clock where evaluation has one, else nothing is counted. What is held is in `passthru.holds`, in the report,
    and in the `meta` of packages

  `abiCheck`
  : whether native libraries that clash fail the build

  `onConflict`
  : what two packages that provide one file, or two versions in one closure, are: `"error"` or `"warn"`

  `native`
  : `"shared"`: no package gets libraries under names of its own; without it, what the lock says

  `wheels`
  : wheels for names of the lock, in the place of a fetch: `{ report-old = buildWheel { ... }; }`

  `fetchWheel`
  : what fetches a wheel of the lock (`{ name, version, file, sha256, index ? null, ... }`), where that is not the
    package index that nixpkgs knows

  # Type
  ```
  pythonWithPins :: AttrSet -> Environment
  ```

  # Example
  ```nix
  pythonWithPins {
    packages = ps: [
      ps.pandas
      (ps.torch.pinned { numpy = ps.numpy_1; })
    ];
  }
  ```
*/
make
