# shellcheck shell=bash
# What the scripts of this folder share.  Sourced, never run.

# The Debian packages that are needed: to build, mount and fill a filesystem, as
# quickstart does; for the tests as well; and for all that check looks at.
# shellcheck disable=SC2034
packages_build="autoconf automake pkg-config gcc make libfuse3-dev fuse3
	liblz4-dev libxxhash-dev check rsync"
packages_tests="procps e2fsprogs stress-ng fio git sqlite3 acl attr"
packages_check="clang clang-format debhelper lintian man-db mandoc
	systemtap-sdt-dev zsh"

say() {
	echo "== $*"
}

die() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

# Prints which of the packages $* are not installed.
missing() {
	local package
	for package in "$@"; do
		dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null |
			grep -q '^install ok installed$' || echo "$package"
	done
}

# Installs what is missing of the packages $*, with sudo for who is not root.
install_packages() {
	local need sudo=()

	if ! command -v dpkg-query >/dev/null; then
		say "not a Debian: you need what these packages hold: $*"
		return 0
	fi
	mapfile -t need < <(missing "$@")
	[ ${#need[@]} -gt 0 ] || return 0

	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null ||
			die "as root, run: apt-get install ${need[*]}"
		sudo=(sudo)
	fi
	say "installing ${need[*]}"
	"${sudo[@]}" apt-get update -qq || die "apt-get update failed"
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y \
		-qq --no-install-recommends "${need[@]}" >/dev/null ||
		die "could not install ${need[*]}"
}

# Makes ./configure, if there is none or it is older than what it is made of.
make_configure() {
	local file

	[ -d "$top/build-aux" ] || rm -f "$top/configure"
	for file in "$top/configure.ac" "$top/Makefile.am" "$top"/*/local.mk \
		"$top"/tests/*/local.mk; do
		if [ "$file" -nt "$top/Makefile.in" ]; then
			say "autoreconf"
			(cd "$top" && autoreconf -fi >"$1" 2>&1) || {
				cat "$1" >&2
				die "autoreconf failed"
			}
			return 0
		fi
	done
}

# build_programs DIRECTORY PROGRAM...: configures there if need be, and makes.
build_programs() {
	local build=$1
	shift

	mkdir -p "$build" || exit 1
	make_configure "$build/autoreconf.log"
	[ "$build/Makefile" -nt "$top/configure" ] || {
		say "configure"
		(cd "$build" && "$top/configure" >configure.log) ||
			die "configure failed"
	}
	say "make (the first time, a minute or two)"
	make -C "$build" -j"$(nproc)" "$@" >"$build/make.log" 2>&1 || {
		tail -n 40 "$build/make.log" >&2
		die "make failed"
	}
}
