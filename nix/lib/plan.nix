# What `pinfold assemble` reads: units and closures with the folders of the installed wheels, as JSON.
# Deliberately not here: what is in it (`closures.nix`, `lock.nix`).
{
  /**
    The text of a plan.

    # Type
    ```
    toPlan :: { name, python, hook, onConflict, closures, native ? "isolate", lock ? null, required ? [ ] } -> String
    ```
  */
  toPlan =
    {
      name,
      python,
      hook,
      onConflict ? "error",
      closures,
      native ? "isolate",
      lock ? null,
      required ? [ ],
    }:
    builtins.toJSON (
      {
        version = 1;
        inherit
          name
          onConflict
          required
          ;
        python = python.interpreter;
        pythonVersion = python.pythonVersion;
        hook = "${hook}/pinfold";
        units = map (
          unit:
          {
            inherit (unit) key dependencies pin;
            installed = "${unit.package}";
          }
          // (if unit ? hash then { inherit (unit) hash; } else { })
        ) closures.units;
        inherit (closures) closures;
      }
      // (if native == "isolate" then { } else { inherit native; })
      // (if lock == null then { } else { lock = "${lock}"; })
    );
}
