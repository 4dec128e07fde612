# What the scripts beside this file share. It is read by them, not run.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../.." && pwd)
scratch=$(mktemp -d)

say() { printf '\n== %s\n' "$*"; }

fail() {
	printf 'FAILED: %s\n' "$*" >&2
	exit 1
}

# build makes the static program, unless PROGRAM is one, and the archive of its image.
build() {
	say "the program and its image"
	if [ -n "${PROGRAM:-}" ]; then
		cp "$PROGRAM" "$scratch/quorumbench"
	else
		(cd "$source" && CGO_ENABLED=0 go build -trimpath -o "$scratch/quorumbench" ./cmd/quorumbench)
	fi
	"$scratch/quorumbench" image --out "$scratch/image.tar" --tag "$image"
}

image=${IMAGE:-quorumbench:test}
# shellcheck disable=SC2034 # the scripts use it
archive=$scratch/image.tar

# experiment writes one that is measured for the time given: three regions at 15 to 25 ms from each other, one protocol.
experiment() {
	cat >"$scratch/short.yaml" <<-YAML
		name: short
		topology: {rtt: {here-there: 30ms, here-far: 40ms, there-far: 50ms}}
		regions: [here, there, far]
		protocols: [{name: raft, leader: here}]
		load: {rate: 50/s, warmup: 1s, duration: $1}
	YAML
}

# medians prints the median in milliseconds of each region's writes, of a result folder.
medians() {
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
		$column["operation"] == "write" { print $column["region"], $column["p50_ns"] / 1e6 }' "$1/summary.csv" | sort
}

# fine runs a command that may also end with exit code 4: a live run that says that it must not be believed, since the machine was busy.
fine() {
	local code=0
	"$@" || code=$?
	[ "$code" = 0 ] || [ "$code" = 4 ]
}

# same compares the medians of two results: they may differ by 0.5 ms or 1 %. It does not if a run was invalid.
same() {
	if grep -q ',false,' "$1/summary.csv" "$2/summary.csv"; then
		medians "$1"
		medians "$2"
		echo "NOT COMPARED: a run is invalid, as the machine was busy; try again on one that is not"
		return
	fi
	join <(medians "$1") <(medians "$2") | awk '
		{ d = $2 - $3; if (d < 0) d = -d; bound = $2 / 100 > 0.5 ? $2 / 100 : 0.5; n++
		  printf "%-8s p50 %8.3f ms, and %8.3f ms: %s\n", $1, $2, $3, d <= bound ? "the same" : "NOT THE SAME"; if (d > bound) bad = 1 }
		END { if (n != 3) print "found " n " regions instead of 3"; exit bad || n != 3 }'
}
