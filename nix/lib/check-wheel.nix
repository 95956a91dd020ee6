# Step 3 of 3: the check. It depends on the installed wheel, what that needs to run, the tests and what those need.
# Deliberately not here: the source tree. Tests run against what was installed.
host: self:
let
  package = import ./package.nix;
  names = import ./names.nix;

  # What runs tests where nobody says otherwise.
  pytest = [
    "python"
    "-m"
    "pytest"
    "-q"
  ];

  strict = (import ./arguments.nix).strict {
    function = "checkWheel";
    step = "check";
    label = args: if args ? installed then package.labelOf args.installed else "a package";
  };
in
/**
  Checks an installed wheel: its modules can be imported, its requirements are met, its tests pass.

  # Inputs

  `installed`
  : the package

  `tests`
  : a folder with tests; `null` for the other two checks alone

  `nativeCheckInputs`
  : packages that the tests need, pytest among them where `command` is the default

  `pins`
  : as in `pythonWithPins`

  `command`
  : what runs the tests, in their folder

  `imports`
  : modules to import; by default every one that the wheel provides at its top

  # Type
  ```
  checkWheel :: AttrSet -> Derivation
  ```
*/
strict (
  {
    installed,
    tests ? null,
    nativeCheckInputs ? [ ],
    pins ? { },
    command ? pytest,
    imports ? null,
    env ? { },
    passthru ? { },
  }:
  let
    label = package.labelOf installed;
    environment = self.pythonWithPins {
      name = "${package.nameOf installed}-check-environment";
      packages = [ installed ] ++ nativeCheckInputs;
      inherit pins;
      abiCheck = false;
      required = [ installed ];
      # A test tool may bring a file that the package brings; that is not what is checked here.
      onConflict = "warn";
    };
    words = builtins.concatStringsSep " " (map host.quote command);
    brought = package.reach package.dependenciesOf ([ installed ] ++ nativeCheckInputs);
  in
  if
    tests != null
    && command == pytest
    && !builtins.any (input: package.nameOf input == "pytest") brought
  then
    package.fail {
      package = label;
      step = "check";
      what = "its tests are run by pytest, which is not among its check inputs";
      hint = "add it to `nativeCheckInputs`, or say what runs them: `command = [ \"python\" \"-m\" \"unittest\" ]`";
    }
  else
    host.step {
      name = names.storeName "${package.nameOf installed}-${package.versionOf installed}-check";
      inherit env;
      script = ''
        export HOME="$TMPDIR" PATH="${environment}/bin:$PATH"
        failed() {
          echo "error: the check of "${host.quote label}" failed: $1" >&2
          echo "hint: the package is installed all the same; its environment is ${environment}" >&2
          exit 1
        }
        ${environment}/bin/python -I ${./imports.py} ${installed} ${
          if imports == null then "" else builtins.concatStringsSep " " (map host.quote imports)
        } || failed "a module of it cannot be imported"
        ${
          if tests == null then
            ""
          else
            ''
              mkdir "$TMPDIR/tests" && cd "$TMPDIR/tests" && cp -r ${tests}/. . && chmod -R u+w .
              ${words} || failed ${host.quote "its tests failed, `${builtins.concatStringsSep " " command}`"}
            ''
        }
        mkdir -p "$out"
      '';
      passthru = {
        inherit installed environment;
      }
      // passthru;
    }
)
