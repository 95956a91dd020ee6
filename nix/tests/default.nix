# Pure evaluation tests: `{ SUITE = { NAME = { expr; expected; }; }; }`, one suite for each exported function.
#
#   nix-instantiate --eval --strict nix/tests -A failures      [ ] when all is well; -A slowFailures counts
#
# Deliberately not here: builds (`crates/xtask`, `tests/nix.rs`), and the texts of errors (`failures.nix`).
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    isFunction
    toJSON
    tryEval
    ;
  pinfold = import ./host.nix { };

  suites =
    import ./names.nix
    // import ./steps.nix
    // import ./closures.nix
    // import ./lock.nix
    // import ./environment.nix
    // import ./split.nix
    // import ./overlay.nix;
  counting = import ./counting.nix;

  # Names of the functions that the library exports, its parts' included.
  functionsOf = set: filter (name: isFunction set.${name}) (attrNames set);
  exported =
    functionsOf pinfold ++ concatMap (part: functionsOf pinfold.lib.${part}) (attrNames pinfold.lib);

  run =
    suites: suite:
    concatMap (
      name:
      let
        test = suites.${suite}.${name};
        got = tryEval (builtins.deepSeq test.expr test.expr);
      in
      if got.success && got.value == test.expected then
        [ ]
      else
        [
          "${suite}.${name}: got ${
            if got.success then toJSON got.value else "an error"
          }, expected ${toJSON test.expected}"
        ]
    ) (attrNames suites.${suite});
in
suites
// {
  failures =
    concatMap (run suites) (attrNames suites)
    ++ map (name: "${name}: exported, and without a test") (
      filter (name: !(suites ? ${name})) exported
    );
  slowFailures = concatMap (run counting) (attrNames counting);
  count = builtins.length (concatMap (suite: attrNames suites.${suite}) (attrNames suites));
}
