#!/usr/bin/env bash
# Installs the real clients that `npm run interop` drives and the peers that `npm run bench` compares with:
# the Go ones built from pinned modules into DEST, the others as Debian packages where this may be done.
#
#   install-clients.sh [--dest DIR] [--clients|--bench|--full|--apt|--all] [NAME ...]
#
# --full adds what takes minutes to build: the rest of the matrix (`npm run interop -- --full`).
#
# Idempotent: a tool is built only when its stamp (module, version, Go release) is missing. A NAME that is wanted and
# cannot be had makes the exit code 1; what may be missing is listed as "skip" and left to the runner to judge.
set -euo pipefail

usage() { sed -n '2,10p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'; }

# name | module@version | main package inside the module | build tags
GO_TOOLS=(
  'oras|oras.land/oras@v1.3.3|./cmd/oras'
  'regctl|github.com/regclient/regclient@v0.11.7|./cmd/regctl'
  'crane|github.com/google/go-containerregistry@v0.22.1|./cmd/crane'
  'olareg|github.com/olareg/olareg@v0.2.2|./cmd/olareg'
  'registry|github.com/distribution/distribution/v3@v3.1.2|./cmd/registry'
  'umoci|github.com/opencontainers/umoci@v0.6.0|./cmd/umoci'
  'notation|github.com/notaryproject/notation@v1.3.2|./cmd/notation'
  'ctr-2|github.com/containerd/containerd/v2@v2.4.2|./cmd/ctr|no_btrfs'
  'containerd-2|github.com/containerd/containerd/v2@v2.4.2|./cmd/containerd|no_btrfs'
  'dockerd-29|github.com/moby/moby/v2@v2.0.0-beta.24|./cmd/dockerd|exclude_graphdriver_btrfs'
  # Not the newest of either: those need modules that the module proxy does not have.
  'buildctl|github.com/moby/buildkit@v0.33.0|./cmd/buildctl'
  'buildkitd|github.com/moby/buildkit@v0.33.0|./cmd/buildkitd'
  'docker-buildx|github.com/docker/buildx@v0.37.0|./cmd/buildx'
  'cosign|github.com/sigstore/cosign/v3@v3.1.3|./cmd/cosign'
  # The last release under a path that the module proxy serves (2022).
  'zot|github.com/project-zot/zot@v1.4.3|./cmd/zot|containers_image_openpgp'
  'helm|helm.sh/helm/v3@v3.22.0|./cmd/helm'
)
CLIENTS=(oras regctl crane olareg umoci notation)
BENCH=(olareg registry oras regctl)
FULL=(ctr-2 containerd-2 dockerd-29 buildctl buildkitd docker-buildx cosign zot helm)
# command | Debian package
APT_TOOLS=('dockerd|docker.io' 'podman|podman' 'skopeo|skopeo' 'buildah|buildah' 'busybox|busybox-static' 'ctr|containerd' 'runc|runc' 'wrk|wrk' 'chromium|chromium' 'rsync|rsync')

dest="${XDG_CACHE_HOME:-$HOME/.cache}/moorage-clients"
want_apt=no
wanted=()
failed=0

say() { printf 'install-clients: %s\n' "$*"; }

while [ $# -gt 0 ]; do
  case "$1" in
    --dest) dest="$2"; shift ;;
    --clients) wanted+=("${CLIENTS[@]}") ;;
    --bench) wanted+=("${BENCH[@]}") ;;
    --full) wanted+=("${CLIENTS[@]}" "${FULL[@]}") ;;
    --apt) want_apt=yes ;;
    --all) wanted+=("${CLIENTS[@]}" "${BENCH[@]}"); want_apt=yes ;;
    -h | --help) usage; exit 0 ;;
    /* | ./* | ../*) dest="$1" ;;
    -*) say "unknown option $1"; usage; exit 2 ;;
    *) wanted+=("$1") ;;
  esac
  shift
done
if [ ${#wanted[@]} -eq 0 ] && [ "$want_apt" = no ]; then
  wanted=("${CLIENTS[@]}" "${BENCH[@]}")
  want_apt=yes
fi
mkdir -p "$dest"
dest="$(cd "$dest" && pwd)"

# The directory of one downloaded module, as `go mod download -json` names it.
module_dir() {
  go mod download -json "$1" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",\{0,1\}$/\1/p'
}

# A module is built inside a copy of its own directory, so that its own go.mod and go.sum decide what goes in
# (`go install MODULE@VERSION` refuses modules with replace directives); the module cache itself is read-only.
build_go() {
  local name="$1" module="$2" package="$3" tags="$4" stamp dir scratch
  stamp="$module $(go env GOVERSION)"
  if [ -x "$dest/$name" ] && [ "$(cat "$dest/.$name.stamp" 2>/dev/null)" = "$stamp" ]; then
    say "ok   $name ($module) is there"
    return 0
  fi
  dir="$(cd / && module_dir "$module")"
  [ -n "$dir" ] || { say "FAIL $name: $module cannot be downloaded"; return 1; }
  scratch="$(mktemp -d)"
  cp -R "$dir/." "$scratch/"
  chmod -R u+w "$scratch"
  # -mod=mod: some modules ship a vendor folder that the module archive leaves out.
  if (cd "$scratch" && CGO_ENABLED=0 GOFLAGS='' GOWORK=off go build -mod=mod -buildvcs=false -trimpath -tags "$tags" \
    -ldflags '-s -w' -o "$dest/.$name.new" "$package"); then
    mv -f "$dest/.$name.new" "$dest/$name"
    printf '%s\n' "$stamp" >"$dest/.$name.stamp"
    say "ok   $name ($module) built"
    rm -rf "$scratch"
  else
    rm -rf "$scratch"
    say "FAIL $name: $module does not build"
    return 1
  fi
}

install_go_tools() {
  local tool name module package tags
  if ! command -v go >/dev/null; then
    for name in "${wanted[@]}"; do [ -x "$dest/$name" ] || { say "skip $name: no Go toolchain"; failed=1; }; done
    return 0
  fi
  for tool in "${GO_TOOLS[@]}"; do
    IFS='|' read -r name module package tags <<<"$tool"
    case " ${wanted[*]-} " in *" $name "*) build_go "$name" "$module" "$package" "$tags" || failed=1 ;; esac
  done
  for name in "${wanted[@]}"; do
    case " ${GO_TOOLS[*]%%|*} " in *" $name "*) ;; *) say "FAIL $name: no such tool here"; failed=1 ;; esac
  done
}

# Services must not start at install: a registry's tests start their own dockerd and stop it.
apt_install() {
  local policy=/usr/sbin/policy-rc.d made=no status=0
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    made=yes
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >"$dest/apt.log" 2>&1 || status=$?
  if [ "$made" = yes ]; then rm -f "$policy"; fi
  return "$status"
}

install_apt_tools() {
  local tool command package missing=()
  for tool in "${APT_TOOLS[@]}"; do
    IFS='|' read -r command package <<<"$tool"
    if command -v "$command" >/dev/null || [ -x "/usr/sbin/$command" ]; then
      say "ok   $command is there"
    else
      missing+=("$package")
    fi
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    for package in "${missing[@]}"; do say "skip $package: needs root and apt-get"; done
    return 0
  fi
  apt-get update -qq </dev/null >"$dest/apt.log" 2>&1 || say "apt-get update failed; going on with the lists that are there"
  if apt_install "${missing[@]}"; then
    say "ok   installed: ${missing[*]}"
    return 0
  fi
  # One package that cannot be had must not take the others with it.
  for package in "${missing[@]}"; do
    if apt_install "$package"; then say "ok   installed: $package"; else say "skip $package: apt-get install failed (see $dest/apt.log)"; fi
  done
}

if [ "$want_apt" = yes ]; then install_apt_tools; fi
if [ ${#wanted[@]} -gt 0 ]; then install_go_tools; fi
say "tools are in $dest"
exit "$failed"
