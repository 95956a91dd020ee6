# Step 1 of 3: the wheel. It depends on the source, the build tools, the interpreter and the named environment, and on
# nothing else.
# Deliberately not here: installing it, and testing it.
host:
let
  package = import ./package.nix;
  names = import ./names.nix;
  buildSets = import ./build-set.nix;

  isPackage = value: builtins.isAttrs value && (value ? isPinfoldUnit || value ? pythonModule);
  # Of packages of nixpkgs, applications have no module.
  isModule =
    value:
    builtins.isAttrs value && (value.isPinfoldUnit or false || value.pythonModule or false != false);
  # What does not belong into a build, and where it belongs instead.
  misplaced = {
    dependencies = "runtime dependencies belong to `installWheel`";
    propagatedBuildInputs = "runtime dependencies belong to `installWheel`, as `dependencies`";
    optional-dependencies = "they belong to `installWheel`";
    nativeCheckInputs = "what tests need belongs to `checkWheel`";
    checkInputs = "what tests need belongs to `checkWheel`, as `nativeCheckInputs`";
    doCheck = "tests are a step of their own, `checkWheel`";
    pythonImportsCheck = "what is imported belongs to `checkWheel`, as `imports`";
    checkPhase = "tests are a step of their own, `checkWheel`";
    pins = "pins belong to `pythonWithPins`";
  };

  # What stdenv knows may be passed on; packages under another name than those above are a mistake for one of them.
  strict = (import ./arguments.nix).strict {
    function = "buildWheel";
    step = "build the wheel of";
    label = args: "${args.pname or "a package"} ${args.version or ""}";
    accepts =
      name: value: misplaced ? ${name} || !(builtins.isList value && builtins.any isPackage value);
  };
in
/**
  Builds the wheel of a source tree, by PEP 517, with the tools of the frozen build set.

  The result is a folder with one wheel, whose bytes depend on its content only. Attributes that are not listed here
  (`patches`, `postPatch`, `meta`, ...) go to the host's builder as they are.

  # Inputs

  `pname`, `version`, `src`
  : what is built; the wheel must say the same name and version of itself

  `build-system`
  : packages of the build set, or their names: what `[build-system] requires` of the source says, and the backend asks
    for (setuptools before 70.1: `wheel`). Both are compared with what is there, versions and markers too

  `buildInputs`, `nativeBuildInputs`
  : libraries to link with; programs to build with

  `env`
  : environment variables that the build sees

  `buildSet`
  : the frozen build set; `null` takes the build tools as they are given

  `contentAddressed`
  : whether a wheel that was built again with the same bytes stops the rebuild there

  # Type
  ```
  buildWheel :: AttrSet -> Wheel
  ```

  # Example
  ```nix
  buildWheel {
    pname = "report-old";
    version = "1.0";
    src = ./report_old;
    build-system = [
      "setuptools"
      "wheel"
    ];
  }
  ```
*/
strict (
  {
    pname,
    version,
    src,
    build-system,
    buildInputs ? [ ],
    nativeBuildInputs ? [ ],
    env ? { },
    buildSet ? host.buildSet,
    contentAddressed ? host.contentAddressed,
    passthru ? { },
    ...
  }@args:
  let
    label = "${pname} ${version}";
    wrong = builtins.filter (name: args ? ${name}) (builtins.attrNames misplaced);
    # Not from the frozen build set, so that a bump of them would build the wheel again.
    unfrozen = map (input: {
      inherit input;
      name = if builtins.elem input buildInputs then "buildInputs" else "nativeBuildInputs";
    }) (builtins.filter isModule (buildInputs ++ nativeBuildInputs));
    tools = buildSets.buildClosure buildSet label build-system;
    extra = builtins.removeAttrs args [
      "pname"
      "version"
      "src"
      "build-system"
      "buildInputs"
      "nativeBuildInputs"
      "env"
      "buildSet"
      "contentAddressed"
      "passthru"
    ];
  in
  if wrong != [ ] then
    package.fail {
      package = label;
      step = "build the wheel of";
      what = "`${builtins.head wrong}` was passed to `buildWheel`, and a wheel cannot depend on it: ${
        misplaced.${builtins.head wrong}
      }";
      hint = "if a build really reads it, it is a build requirement: put it into `build-system`";
    }
  else if unfrozen != [ ] then
    let
      first = builtins.head unfrozen;
    in
    package.fail {
      package = label;
      step = "build the wheel of";
      what = "${package.labelOf first.input} is in `${first.name}`, which is for libraries and programs, and it is a Python package";
      hint = "a build requirement belongs into `build-system`, a runtime dependency to `installWheel`, as `dependencies`";
    }
  else
    host.step (
      extra
      // {
        name = names.storeName "${pname}-${version}-wheel";
        inherit
          src
          buildInputs
          nativeBuildInputs
          contentAddressed
          ;
        env = {
          SOURCE_DATE_EPOCH = "315532800";
          PYTHONHASHSEED = "0";
          PYTHONDONTWRITEBYTECODE = "1";
        }
        // env;
        script = ''
          export HOME="$TMPDIR/home"
          mkdir -p "$HOME" "$out"
          # The folder that a compiler runs in is no part of what it makes.
          export CFLAGS="''${CFLAGS-} -g0 -ffile-prefix-map=$PWD=/build"
          export CXXFLAGS="''${CXXFLAGS-} -g0 -ffile-prefix-map=$PWD=/build"
          export CARGO_BUILD_RUSTFLAGS="--remap-path-prefix=$PWD=/build ''${CARGO_BUILD_RUSTFLAGS-}"
          made=$(${host.python.interpreter} -I -S ${./pep517.py} ${host.quote label} ${host.tools.wheelsplit}/bin/wheelsplit "$TMPDIR/tools" "$TMPDIR/made" ${builtins.concatStringsSep " " (map (package.siteOf host.python) tools)})
          ${host.tools.wheelsplit}/bin/wheelsplit normalise "$made" "$out" --name ${host.quote pname} --version ${host.quote version} > /dev/null
          ${host.python.interpreter} -I -S ${./references.py} "$out" ${builtins.storeDir}
        '';
        passthru = {
          inherit pname version;
          build-system = tools;
        }
        // passthru;
      }
    )
)
