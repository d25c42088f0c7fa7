#!/bin/sh
# What the image starts. An empty work folder gets the embedded project first; then the command runs there (`dvc repro`
# when none is given). A work folder with a project in it, a clone for example, is used as it is.
set -eu

project=${GANPRINT_PROJECT:-/opt/ganprint/project}
work=${GANPRINT_WORK:-/work}
devices=${GANPRINT_DEVICES:-/dev}
# Stands in a folder that is being filled: what a killed start left is filled again.
mark=$work/.ganprint-filling

fail() {
  echo "ganprint: $*" >&2
  exit 2
}

set_device() {
  sed -i "/^compute:/,/^[a-z]*:\$/ s/^  device: [a-z]*/  device: $1/" "$work/params.yaml"
  grep -q "^  device: $1" "$work/params.yaml" || fail "$work/params.yaml: has no line compute.device to set"
}

fill() {
  : > "$mark"
  cp -R "$project/." "$work/"
  # There is no git in the image, and none in this folder.
  printf '[core]\n    no_scm = true\n' > "$work/.dvc/config.local"
  if [ -n "${GANPRINT_DEVICE:-}" ]; then
    set_device "$GANPRINT_DEVICE"
  elif [ -e "$devices/nvidiactl" ] || [ -e "$devices/dxg" ]; then
    set_device auto
  fi
  rm "$mark"
}

# In a folder that the caller chose (--workdir) nothing is prepared.
if [ "$(pwd -P)" = "$(cd "$work" 2> /dev/null && pwd -P)" ]; then
  if [ -e "$mark" ] || [ -z "$(find "$work" -mindepth 1 -maxdepth 1 ! -name lost+found -print -quit)" ]; then
    if [ -w "$work" ]; then
      fill
    elif [ "${1:-}" = dvc ]; then
      fail "$work: can not be written by user $(id -u); mount a folder or volume there that this user may write, or say --user"
    else
      cd "$project"
    fi
  elif [ "${1:-}" = dvc ] && [ ! -e "$work/dvc.yaml" ]; then
    fail "$work: is not empty and holds no dvc.yaml; mount an empty folder or a clone of the project"
  fi
fi

exec "$@"
