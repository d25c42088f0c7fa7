#!/usr/bin/env bash
# Make the base image from Debian's archive alone, for machines that reach no registry of images.
# Needs root, debootstrap, and podman or docker.
set -euo pipefail

usage() {
  cat << 'END'
usage: containers/build-base.sh [--name IMAGE] [--suite SUITE] [--mirror URL] [--epoch SECONDS]

  --name    name of the image             [localhost/ganprint-base:bookworm]
  --suite   Debian release                [bookworm]
  --mirror  archive to install from; a snapshot of it gives the same packages on any day  [http://deb.debian.org/debian]
  --epoch   time stamp of all files, in seconds since 1970    [time of the last commit of the lock or the Dockerfile]

ENGINE names the engine: podman (default) or docker.
END
}

engine=${ENGINE:-podman}
name=localhost/ganprint-base:bookworm
suite=bookworm
mirror=http://deb.debian.org/debian
epoch=
while [ $# -gt 0 ]; do
  case $1 in
    --name) name=$2; shift 2 ;;
    --suite) suite=$2; shift 2 ;;
    --mirror) mirror=$2; shift 2 ;;
    --epoch) epoch=$2; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
cd "$(dirname "$0")/.."
if [ -z "$epoch" ]; then
  epoch=$(git log -1 --format=%ct -- requirements.lock Dockerfile)
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/ganprint-base.XXXXXX")
trap 'rm -rf "$folder"' EXIT
root=$folder/root
export SOURCE_DATE_EPOCH=$epoch

debootstrap --variant=minbase "$suite" "$root" "$mirror"
# Corrections since the release, where the mirror is Debian's own; a snapshot is taken as it is.
if [ "$mirror" = http://deb.debian.org/debian ]; then
  cat > "$root/etc/apt/sources.list" << END
deb http://deb.debian.org/debian $suite main
deb http://deb.debian.org/debian $suite-updates main
deb http://deb.debian.org/debian-security $suite-security main
END
  # No service may start in the folder.
  printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
  chmod +x "$root/usr/sbin/policy-rc.d"
  chroot "$root" apt-get -qq update
  chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get -qq --yes upgrade
  rm "$root/usr/sbin/policy-rc.d"
fi

# Nobody reads manuals in a container; licences stay.
printf 'path-exclude /usr/share/%s/*\n' man info locale > "$root/etc/dpkg/dpkg.cfg.d/slim"
printf 'path-exclude /usr/share/doc/*\npath-include /usr/share/doc/*/copyright\n' >> "$root/etc/dpkg/dpkg.cfg.d/slim"
rm -rf "$root"/usr/share/{man,info,locale}/*
find "$root/usr/share/doc" -type f ! -name copyright -delete
find "$root/usr/share/doc" -depth -type d -empty -delete
# What belongs to this machine or this hour.
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* "$root"/var/cache/debconf/*-old \
  "$root"/var/lib/dpkg/*-old "$root"/var/cache/ldconfig/aux-cache "$root"/tmp/* "$root"/etc/*-
: > "$root/etc/hostname"
: > "$root/etc/resolv.conf"

tar --create --directory "$root" --sort=name --numeric-owner --mtime="@$epoch" --clamp-mtime --one-file-system . \
  > "$folder/root.tar"
"$engine" import --change 'CMD ["/bin/bash"]' "$folder/root.tar" "$name" > /dev/null
echo "$name: $("$engine" image inspect --format '{{.Size}}' "$name") bytes"
