/**
  Pinfold for Nix.

  With nixpkgs: `import ./. { inherit pkgs; }`. Without: `import ./nix/mini.nix { ... }`. As an overlay:
  `import ./nix/overlay.nix`. What there is to call is described in `docs/nix.md`.
*/
{
  pkgs ? import <nixpkgs> { },
  python ? pkgs.python3,
  ...
}@args:
import ./nix/nixpkgs.nix ({ inherit pkgs python; } // args)
