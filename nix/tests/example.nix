# The example of the main job, from its lock, with wheels that are files here.
{
  pinfold,
  python ? "/usr/bin/python3",
  lock,
  wheelDir,
}:
let
  functions = import ../mini.nix { inherit pinfold python wheelDir; };
in
{
  environment = functions.pythonWithPins { inherit lock; };
  # What only report-old needs: a choice from the lock's packages.
  part = functions.pythonWithPins {
    inherit lock;
    packages = ps: [ ps.report-old ];
  };
}
