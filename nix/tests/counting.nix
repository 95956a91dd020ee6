# What every bump costs: as the other tests, apart because it takes seconds.
let
  counts = import ./counts.nix;
in
{
  splitScope = {
    one-wheel-and-one-install-for-each-bump = {
      expr = {
        inherit (counts.total.frozen) wheel install;
        enough = counts.total.packages >= 40;
      };
      expected = {
        wheel = counts.total.packages;
        install = counts.total.packages;
        enough = true;
      };
    };
    and-more-of-everything-otherwise = {
      expr =
        let
          t = counts.total;
        in
        t.merged > t.split.wheel && t.split.wheel > t.frozen.wheel && t.split.check > t.frozen.check;
      expected = true;
    };
  };
  # How `cargo xtask counts --nixpkgs` counts.
  scope.what-a-bump-costs-in-a-set = {
    expr =
      let
        row =
          (import ./scope.nix {
            nixpkgs = ./pkgs.nix;
            bump = "six";
          }).row;
      in
      [
        row.merged
        row.frozen.wheel
        row.frozen.install
        row.frozen.check
      ];
    expected = [
      1
      1
      1
      1
    ];
  };
}
