# Step 2 of 3: the installed wheel. It depends on the wheel, and on nothing else.
# Deliberately not here: an environment. What a package depends on is an attribute, never a path in its files, so that
# a bumped dependency installs nothing again.
host: self:
let
  names = import ./names.nix;
  closures = import ./closures.nix;

  strict = (import ./arguments.nix).strict {
    function = "installWheel";
    step = "install";
    label = args: args.pname or args.wheel.pname or "a wheel";
  };
in
/**
  Installs a wheel into a folder of its own: `{site-packages, data, modules.idx, facts.json}`.

  # Inputs

  `wheel`
  : what `buildWheel` made, or a wheel file with the attributes `pname`, `version` and `file`

  `dependencies`, `optional-dependencies`
  : what it needs at run time; kept as attributes

  `tests`
  : what stands under `passthru.tests`; by default a `checkWheel` without tests of its own

  `derivationArgs`
  : what else goes to the host's builder, for instance `autoPatchelfIgnoreMissingDeps`; never dependencies

  # Type
  ```
  installWheel :: AttrSet -> Package
  ```

  # Example
  ```nix
  installWheel {
    wheel = buildWheel { ... };
    dependencies = [ numpy pandas ];
  }
  ```
*/
strict (
  {
    wheel,
    pname ? wheel.pname,
    version ? wheel.version,
    dependencies ? [ ],
    optional-dependencies ? { },
    tests ? null,
    contentAddressed ? host.contentAddressed,
    derivationArgs ? { },
    meta ? { },
    passthru ? { },
  }:
  let
    # A wheel file in the Nix store has another name than it must have.
    file = wheel.file or null;
    sha256 = wheel.sha256 or null;
    package = closures.pinnable installed;
    installed = host.step (
      # What others built may have to be told where its libraries are; what was built here knows.
      (if file == null then { } else host.foreign or (_: { }) file)
      // derivationArgs
      // {
        name = names.storeName "${pname}-${version}";
        inherit contentAddressed meta;
        script = ''
          ${
            if file == null then
              "set -- ${wheel}/*.whl"
            else
              ''
                ln -s ${wheel} "$TMPDIR/"${host.quote file}
                set -- "$TMPDIR/"${host.quote file}
              ''
          }
          ${host.tools.wheelsplit}/bin/wheelsplit install "$1" "$out" --name ${host.quote pname} --version ${host.quote version}${
            if sha256 == null then "" else " --sha256 ${sha256}"
          }
        '';
        passthru = {
          inherit
            pname
            version
            wheel
            dependencies
            optional-dependencies
            ;
          tests =
            if tests == null then
              {
                check = self.checkWheel { installed = package; };
              }
            else
              tests;
          sitePackagesOf = python: "${installed}/site-packages";
          isPinfoldUnit = true;
        }
        // passthru;
      }
    );
  in
  package
)
