#!/usr/bin/env bash
# Build the image from a commit: nothing that lies about in the working copy gets in.
set -euo pipefail

usage() {
  cat << 'END'
usage: containers/build-image.sh [--base IMAGE] [--tag IMAGE] [--revision COMMIT] [-- ARGUMENTS]

  --base      base image, for example name@sha256:...   [that of the Dockerfile]
  --tag       name of the image                         [ganprint]
  --revision  commit to build                           [HEAD]
  ARGUMENTS   go to `build` as they are: proxies, volumes, `--secret id=pip-conf,src=FILE` (a pip.conf),
              `--secret id=ca-bundle,src=FILE` (certificates; pip.conf finds them in /run/secrets/ca-bundle)

ENGINE names the engine: podman (default) or docker.
END
}

engine=${ENGINE:-podman}
base=
tag=ganprint
revision=HEAD
while [ $# -gt 0 ]; do
  case $1 in
    --base) base=$2; shift 2 ;;
    --tag) tag=$2; shift 2 ;;
    --revision) revision=$2; shift 2 ;;
    --) shift; break ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
cd "$(dirname "$0")/.."
revision=$(git rev-parse --verify "$revision^{commit}")

folder=$(mktemp -d "${TMPDIR:-/tmp}/ganprint-context.XXXXXX")
trap 'rm -rf "$folder"' EXIT
git archive "$revision" | tar --extract --directory "$folder"

# Of the lock and the Dockerfile, not of the commit: the layer of the environment stays the same while these do.
epoch=$(git log -1 --format=%ct "$revision" -- requirements.lock Dockerfile)
arguments=(
  --tag "$tag"
  --build-arg "SOURCE_DATE_EPOCH=$epoch"
  --build-arg "REVISION=$revision"
  --build-arg "LOCK_SHA256=$(sha256sum "$folder/requirements.lock" | cut -d' ' -f1)"
)
if [ -n "$base" ]; then
  arguments+=(--build-arg "BASE_IMAGE=$base")
fi
if [ "$(basename "$engine")" != docker ]; then
  # HEALTHCHECK is a word of Docker's image format; podman takes the time stamp of all files as an option.
  arguments+=(--format docker --timestamp "$epoch")
fi
"$engine" build "${arguments[@]}" "$@" "$folder"
"$engine" image inspect --format "$tag: {{.Size}} bytes, {{.Id}}" "$tag"
