# What a lock holds back, and for how long it may. Pure: the time is an argument, and pure evaluation has none.
# Deliberately not here: why something is held; the lock says that, and `pinfold status` tells it.
let
  inherit (builtins) elemAt filter head;
  number = text: builtins.fromJSON (elemAt (builtins.match "0*([0-9]+)" text) 0);
in
rec {
  /**
    Seconds since 1970 of a moment as a lock writes it, in UTC (RFC 3339); `null` where it is not one.

    # Type
    ```
    secondsOf :: String -> Int | null
    ```
  */
  secondsOf =
    moment:
    let
      parts = builtins.match "([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2}).*" moment;
      part = i: number (elemAt parts i);
      # March is the first month, so that a leap day is the last day of a year.
      march = if part 1 > 2 then part 1 - 3 else part 1 + 9;
      year = if part 1 > 2 then part 0 else part 0 - 1;
      days =
        365 * year + year / 4 - year / 100 + year / 400 + (153 * march + 2) / 5 + part 2 - 1 - 719468;
    in
    if parts == null then null else ((days * 24 + part 3) * 60 + part 4) * 60 + part 5;

  /**
    The holds of a lock that are older than `days`; none where there is no clock (`now = null`).

    # Type
    ```
    overdue :: { holds, days, now } -> [Hold]
    ```
  */
  overdue =
    {
      holds,
      days,
      now,
    }:
    if now == null then
      [ ]
    else
      filter (hold: secondsOf hold.since != null && now - secondsOf hold.since > days * 86400) holds;

  /**
    Refuses to evaluate where something was held for too long.

    # Type
    ```
    check :: { holds, days, now } -> a -> a
    ```
  */
  check =
    { days, ... }@args:
    value:
    let
      late = overdue args;
      first = head late;
    in
    if late == [ ] then
      value
    else
      throw "pinfold: the lock holds `${first.track}` back since ${first.since}, longer than ${toString days} days: ${first.reason}\nhint: `pinfold update` tries again; a larger maxLagDays allows it for longer";
}
