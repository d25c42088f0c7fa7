#!/usr/bin/env bash
# Run what the image promises: as its own user, without network, on a read-only root file system.
set -euo pipefail

usage() {
  cat << 'END'
usage: containers/check.sh [--write] [--profile NAME] [IMAGE]

  --write    renew containers/sbom.cdx.json and containers/debian-packages.txt instead of comparing with them
  --profile  what dvc repro runs, inside and outside  [small]
  IMAGE      [ganprint]

ENGINE names the engine: podman (default) or docker. TESTS names the tests to run inside, SKIP_OUTSIDE=1 leaves out the
comparison with this machine's environment, OMP_NUM_THREADS holds inside and outside where it is set.
END
}

engine=${ENGINE:-podman}
write=
profile=small
while [ $# -gt 0 ]; do
  case $1 in
    --write) write=1; shift ;;
    --profile) profile=$2; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) break ;;
  esac
done
image=${1:-ganprint}
cd "$(dirname "$0")/.."
# Not those that run the whole pipeline in one process: dvc repro does that here.
read -ra tests <<< "${TESTS:-tests/submit tests/pairs tests/corpus tests/embed tests/compare tests/containers tests/platforms \
  tests/doctor tests/evaluate tests/audit tests/test_files_and_seeds.py}"

folder=$(mktemp -d "${TMPDIR:-/tmp}/ganprint-check.XXXXXX")
trap 'rm -rf "$folder"' EXIT
as=()
if [ "$(id -u)" != 0 ]; then
  as=(--user "$(id -u):$(id -g)")
fi

run() { # run [ENGINE ARGUMENTS] -- COMMAND
  local options=()
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  shift
  "$engine" run --rm --no-healthcheck --read-only --tmpfs /tmp:mode=1777 --cap-drop ALL --security-opt no-new-privileges \
    --env OMP_NUM_THREADS "${as[@]}" "${options[@]}" "$image" "$@"
}

work_folder() {
  mkdir "$folder/$1"
  if [ "$(id -u)" = 0 ]; then
    chown 10001:10001 "$folder/$1"
  fi
}

step() { # step TITLE FUNCTION
  local started=$SECONDS status
  # Not `"$2" || ...`: that would switch off errexit inside.
  set +e
  (
    set -e
    "$2"
  ) > "$folder/log" 2>&1
  status=$?
  set -e
  if [ "$status" != 0 ]; then
    cat "$folder/log" >&2
    echo "FAILED: $1 ($2)" >&2
    exit 1
  fi
  printf '%-64s %5s s  %s\n' "$1" "$((SECONDS - started))" "$(tail -1 "$folder/log")"
}

"$engine" image inspect --format '{{json .Config.Labels}}' "$image" > "$folder/labels"
revision=$(grep -oE '"org.opencontainers.image.revision":"[0-9a-f]{40}"' "$folder/labels" | cut -d'"' -f4) || {
  echo "$image: does not say from which commit it is; build it with containers/build-image.sh" >&2
  exit 2
}

labels() {
  lock=$(git show "$revision:requirements.lock" | sha256sum | cut -d' ' -f1)
  grep -q "\"ganprint.lock.sha256\":\"$lock\"" "$folder/labels"
  grep -q '"org.opencontainers.image.licenses":"MIT"' "$folder/labels"
  "$engine" image inspect --format '{{.Config.User}} {{json .Config.Healthcheck.Test}}' "$image"
  "$engine" image inspect --format "revision $revision, {{.Size}} bytes" "$image"
}

contents() {
  run --network none -- sh -c '
    test "$(id -u)" != 0
    for tool in cc c++ gcc g++ ld make git pip pip3 ssh curl wget; do
      if command -v "$tool"; then exit 1; fi
    done
    if touch /opt/venv/mark 2> /dev/null; then exit 1; fi
    env -i /opt/venv/bin/python -c "import ganprint"
    python -c "import importlib.util as u; raise SystemExit(u.find_spec(\"pip\") is not None)"
    echo "user $(id -u), $(python --version)"'
}

without_links='
import json, sys

def keep(item):
    if isinstance(item, dict):
        return {key: keep(value) for key, value in item.items() if key != "externalReferences"}
    return [keep(value) for value in item] if isinstance(item, list) else item

print(json.dumps(keep(json.load(sys.stdin)), indent=1, sort_keys=True))
'

package_lists() {
  # Links to home pages, sponsors and registries are no part of what is installed.
  run --network none -- sh -c "cyclonedx-py environment --output-reproducible --output-format JSON | python -c '$without_links'" \
    > "$folder/sbom.cdx.json"
  run --network none -- dpkg-query --show --showformat '${Package} ${Version}\n' > "$folder/debian-packages.txt"
  if [ -n "$write" ]; then
    cp "$folder/sbom.cdx.json" "$folder/debian-packages.txt" containers/
  else
    diff "$folder/sbom.cdx.json" containers/sbom.cdx.json
    diff "$folder/debian-packages.txt" containers/debian-packages.txt || echo "other versions from Debian than listed"
  fi
  echo "$(grep -c '"purl"' "$folder/sbom.cdx.json") Python packages, $(wc -l < "$folder/debian-packages.txt") from Debian"
}

packages_agree() {
  # With the image's own Python: this machine needs none.
  local project=/opt/ganprint/project python
  python=$(run --network none -- python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  run --network none --volume "$folder/sbom.cdx.json:$project/containers/sbom.cdx.json:ro" -- \
    python "$project/containers/packages.py" --python "$python"
}

refusals() {
  mkdir "$folder/strange"
  touch "$folder/strange/holiday.jpg"
  local status=0
  run --network none -- dvc repro || status=$?
  test "$status" = 2
  status=0
  run --network none --volume "$folder/strange:/work" -- dvc repro || status=$?
  test "$status" = 2
  run --network none -- ganprint profile
  echo "one line each, status 2"
}

tests_inside() {
  work_folder tests
  run --network none --volume "$folder/tests:/work" -- python -m pytest -q "${tests[@]}"
}

repro_inside() {
  work_folder inside
  run --network none --volume "$folder/inside:/work" -- sh -c "ganprint profile $profile && dvc repro"
  echo "$(find "$folder/inside/submissions" -name '*.csv' | wc -l) submissions"
}

repro_again() {
  run --network none --volume "$folder/inside:/work" -- dvc repro | tee "$folder/again"
  grep -q "Data and pipelines are up to date." "$folder/again"
}

repro_outside() {
  git clone --quiet . "$folder/outside"
  git -C "$folder/outside" checkout --quiet "$revision"
  (
    export PATH="$PWD/.venv/bin:$PATH" PYTHONPATH="$folder/outside/src"
    cd "$folder/outside"
    ganprint profile "$profile"
    dvc repro
  )
  echo "$(find "$folder/outside/submissions" -name '*.csv' | wc -l) submissions"
}

same_bytes() {
  diff -r "$folder/inside/submissions" "$folder/outside/submissions"
  for file in "$folder"/inside/submissions/*.csv; do
    run --network none --volume "$folder/inside:/work:ro" -- \
      ganprint validate "submissions/$(basename "$file")" --ids data/corpus/image_ids.txt --strict
  done
  (cd "$folder/inside" && find . -name '*.csv' -path '*submissions*' -exec sha256sum {} + | sort -k2 | sha256sum)
  echo "identical"
}

ui() {
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  name=$(run --detach --network host --volume "$folder/inside:/work" -- ganprint ui --port "$port")
  for _ in $(seq 60); do
    if python3 -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$port/health', timeout=2)" 2> /dev/null; then
      "$engine" stop "$name"
      echo "answers on 127.0.0.1"
      return
    fi
    sleep 1
  done
  "$engine" stop "$name"
  return 1
}

date -u '+%Y-%m-%d %H:%M UTC'
step "labels, user, health check, size" labels
step "no root, no compiler, no pip, read-only" contents
step "Python and Debian packages listed" package_lists
step "Python packages are those of the lock" packages_agree
step "no work folder, strange work folder: refused" refusals
step "tests: ${tests[*]}" tests_inside
step "dvc repro, profile $profile, inside" repro_inside
step "dvc repro again" repro_again
step "MLflow UI" ui
if [ -z "${SKIP_OUTSIDE:-}" ]; then
  step "dvc repro, profile $profile, outside" repro_outside
  step "submissions inside and outside, byte by byte" same_bytes
fi
