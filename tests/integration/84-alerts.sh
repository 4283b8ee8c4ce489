# SPDX-License-Identifier: Apache-2.0
# The alert rules, by Prometheus' own tool: they are rules, fire when they should, and are found to be
# wrong when they are.
. "$(dirname "$0")/lib.sh"
data=$XPU_IT/prefix/share/xpu
if ! command -v promtool >/dev/null; then
  skip "alert rules" "no promtool"
  finish
fi

cp "$data/alerts.yml" "$(dirname "$0")/metrics/alerts_test.yml" "$SCRATCH/"
ok "the rules are rules" promtool check rules "$SCRATCH/alerts.yml"
ok "they fire when they should" promtool test rules "$SCRATCH/alerts_test.yml"

# Each alert with a condition that never holds: what tests it must notice.
tested=0
for alert in $(sed -n 's/^ *- alert: //p' "$data/alerts.yml"); do
  awk -v alert="$alert" '
    /- alert: /{ mine = $3 == alert }
    mine && /^ *expr: >-$/ { sub(/>-/, "vector(1) < 0"); print; folded = 1; next }
    mine && /^ *expr: / { sub(/expr: .*/, "expr: vector(1) < 0"); print; next }
    folded && /^          / { next }
    { folded = 0; print }' "$data/alerts.yml" >"$SCRATCH/alerts.yml"
  if promtool check rules "$SCRATCH/alerts.yml" >/dev/null 2>&1 &&
    ! promtool test rules "$SCRATCH/alerts_test.yml" >/dev/null 2>&1; then
    tested=$((tested + 1))
  else
    fail "$alert is tested"
  fi
done
same "every alert is tested" "$(grep -c -- '- alert: ' "$data/alerts.yml")" "$tested"
finish
