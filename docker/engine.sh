#!/bin/sh
# Makes the base of chaosmesh's images from Debian packages, where no image can be pulled: `chaosmesh/base:<release>` and
# `chaosmesh/base:latest`, with python3, iproute2, iptables, ca-certificates and setpriv. Run it as root; it takes less than
# a minute, and does nothing when the image is there. The packages come from where apt gets this machine's own.
#
#   docker/engine.sh [RELEASE]      (this machine's own release)
set -eu
PACKAGES=python3,iproute2,iptables,ca-certificates,util-linux
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH LC_ALL=C

fail() {
    echo "engine.sh: $1" >&2
    exit 4
}

# a client that is much newer than the engine doesn't speak to it: the first one on PATH that does
client() {
    seen=
    for folder in $(echo "$PATH" | tr ':' ' '); do
        [ -x "$folder/docker" ] || continue
        if seen=$("$folder/docker" version --format '{{.Server.Version}}' 2>&1); then
            echo "$folder/docker"
            return
        fi
    done
    fail "no Docker engine is reachable: ${seen:-there is no docker on PATH (apt-get install docker.io)}"
}

mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $release" 'Origin: Debian' | head -n 1
}

release=${1:-$(. /etc/os-release && echo "${VERSION_CODENAME:-}")}
[ -n "$release" ] || fail "this machine's /etc/os-release names no release; name one: docker/engine.sh bookworm"
image=chaosmesh/base:$release
docker=$(client)
if "$docker" image inspect "$image" >/dev/null 2>&1; then
    echo "engine.sh: $image is there" >&2
    exit 0
fi

[ "$(id -u)" = 0 ] || fail "making $image needs root"
command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"
mirror=$(mirror)
[ -n "$mirror" ] || { apt-get -q update >&2 && mirror=$(mirror); } || true
[ -n "$mirror" ] || fail "apt knows no Debian mirror for $release; name another base: chaosmesh setup --runtime docker --base IMAGE"
http_proxy=${http_proxy:-}
eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
[ -z "$http_proxy" ] || export http_proxy

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
echo "engine.sh: making $image from the packages of Debian $release ($PACKAGES)" >&2
debootstrap --variant=minbase --include="$PACKAGES" "$release" "$work/root" "$mirror" >"$work/log" 2>&1 \
    || { tail -n 15 "$work/log" >&2; fail "debootstrap failed"; }

# what a package manager and this machine left
cd "$work/root"
rm -rf var/lib/apt/lists/* var/cache/apt/* var/cache/debconf/*-old var/log/* tmp/* run/* etc/apt/sources.list \
    etc/hostname etc/resolv.conf etc/machine-id usr/share/man/* usr/share/info/* usr/share/locale/*
find usr/share/doc -type f ! -name copyright -delete

tar --numeric-owner -c . | "$docker" import --message "Debian $release: $PACKAGES" \
    --change 'ENV LANG=C.UTF-8' --change 'CMD ["/bin/sh"]' - "$image" >/dev/null
"$docker" tag "$image" chaosmesh/base:latest
echo "engine.sh: $image is made" >&2
