#!/bin/sh
# Replace a plan's models in settings with jq: comments, layout and the order of keys' text are lost.
set -eu
jq --slurpfile new "$2" '
  .modelProviders.openai = $new[0] + [.modelProviders.openai[]
    | select(.envKey != "BAILIAN_CODING_PLAN_API_KEY")]
  | .model.name = $new[0][0].id' "$1" > "$1.new"
mv "$1.new" "$1"
