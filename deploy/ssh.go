package deploy

import (
	"fmt"
	"io"
	"net/netip"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"quorumbench/bench/site/keys"
)

// SSH is what is said of a deployment to machines that are reached by SSH.
type SSH struct {
	Program string        // path of quorumbench on the machine that the script is started on
	Hosts   []string      // [USER@]HOST of each region, in the order of the experiment
	Peers   string        // addresses by which the sites reach each other; empty: those of Hosts
	Join    time.Duration // how long the sites may take to find each other
}

var hostPattern = regexp.MustCompile(`^([A-Za-z0-9_.][-A-Za-z0-9_.]*@)?[A-Za-z0-9:\[_][-A-Za-z0-9_.:%\]]*$`)

func (s *SSH) check(d *Deployment) error {
	if d.Shards > 0 {
		return errShards
	}
	if s.Program == "" {
		return fmt.Errorf("--program: found nothing; accepted: the path of quorumbench here")
	}
	if len(s.Hosts) != d.sites() {
		return fmt.Errorf("--hosts: found %d; accepted: one for each of the %d regions, in the order of the experiment: %s", len(s.Hosts), d.sites(), strings.Join(d.Regions, ", "))
	}
	for _, h := range s.Hosts {
		if !hostPattern.MatchString(h) {
			return fmt.Errorf("--hosts: found %q; accepted: HOST or USER@HOST", h)
		}
	}
	return nil
}

// peers are the addresses by which sites reach each other. Sites on the same machine have ports that follow each other.
func (s *SSH) peers(d *Deployment) string {
	if s.Peers != "" {
		return s.Peers
	}
	seen, all := map[string]int{}, make([]string, len(s.Hosts))
	for i, h := range s.Hosts {
		_, host, at := strings.Cut(h, "@")
		if !at {
			host = h
		}
		if ip, err := netip.ParseAddr(host); err == nil && ip.Is6() {
			host = "[" + host + "]"
		}
		all[i] = fmt.Sprintf("%d=%s:%d", i, host, d.Port+seen[host])
		seen[host]++
	}
	return strings.Join(all, ",")
}

// WriteSSH prints a POSIX shell script that copies the program, the experiment and keys to the machines, starts the sites, waits, and
// fetches the result. It makes its own keys.
func (d *Deployment) WriteSSH(w io.Writer, s SSH) error {
	if err := s.check(d); err != nil {
		return err
	}
	var hosts, own, numbers strings.Builder
	for i, h := range s.Hosts {
		fmt.Fprintf(&hosts, "\t%d) echo %s ;;\n", i, quote(h))
		fmt.Fprintf(&own, "\t%d) echo %s ;;\n", i, quote(keys.SiteFile(d.Regions[i])))
		fmt.Fprintf(&numbers, " %d", i)
	}
	start := fmt.Sprintf("echo $$ >pid && exec ./quorumbench site %s --peers %s --keys keys --join %s --out result --site ",
		d.shellExperiment(), quote(s.peers(d)), s.Join)
	_, err := io.WriteString(w, strings.NewReplacer(
		"@NAME@", d.Name, "@COUNT@", strconv.Itoa(d.sites()), "@PROGRAM@", quote(s.Program), "@HOSTS@", strings.TrimRight(hosts.String(), "\n"),
		"@OWN@", strings.TrimRight(own.String(), "\n"), "@ALL@", numbers.String(), "@FILES@", strings.TrimRight(d.shellFiles(), "\n"),
		"@EXPERIMENT@", d.shellExperiment(), "@AUTHORITY@", keys.AuthorityFile, "@START@", quote(start), "@BASE@", path.Base(workFolder),
	).Replace(sshScript))
	return err
}

// sshScript is the script, with names between at-signs where something is put in. It needs sh, tar and ssh here, and sh and tar there.
const sshScript = `#!/bin/sh
# Made by quorumbench deploy ssh-script. docs/deploying.md of quorumbench tells more.
# Runs an experiment with a process for each of its @COUNT@ regions, on machines that are reached by ssh without a password.
#
#   sh FILE [FOLDER]      the result is put into FOLDER, which is not there yet
#
# QUORUMBENCH is the path of the program here, and QUORUMBENCH_2 that of the one for site 2, if its machine is of another kind.
# SSH is the command in place of ssh -o BatchMode=yes. Ctrl-C ends the run and keeps what was measured.
# shellcheck disable=SC2016 # dollar signs in single quotes stand for themselves
set -eu
umask 077
quorumbench=${QUORUMBENCH:-@PROGRAM@} # an absolute path
ssh=${SSH:-ssh -o BatchMode=yes}
out=${1:-@NAME@-$(date +%Y%m%d-%H%M%S)}
remote=@NAME@-$(date +%s)-$$ # in the home folder there
all='@ALL@'

host() {
	case $1 in
@HOSTS@
	esac
}

key() {
	case $1 in
@OWN@
	esac
}

program() {
	eval "echo \"\${QUORUMBENCH_$1:-\$quorumbench}\""
}

# on SITE COMMAND runs a command on a site's machine.
on() {
	site=$1
	shift
	$ssh "$(host "$site")" "$@"
}

mkdir -p "$(dirname "$out")"
mkdir "$out"
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

# The experiment, and the keys, which are made now.
here=$PWD
cd "$stage"
@FILES@
"$quorumbench" keys @EXPERIMENT@ --out keys
cd "$here"

for i in $all; do
	mkdir -p "$stage/site/keys"
	cp -R "$stage/experiment" "$stage/site/"
	cp "$stage/keys/@AUTHORITY@" "$stage/keys/$(key "$i")" "$stage/site/keys/"
	cp "$(program "$i")" "$stage/site/quorumbench"
	chmod 700 "$stage/site/quorumbench"
	echo "copying to $(host "$i")" >&2
	tar -C "$stage/site" -cf - . | on "$i" "umask 077 && mkdir -p $remote/$i && tar -C $remote/$i -xf -"
	if ! on "$i" "$remote/$i/quorumbench --version" </dev/null >/dev/null; then
		echo "the program does not run on $(host "$i"); accepted: the path of one that does in QUORUMBENCH_$i" >&2
		exit 2
	fi
	rm -rf "$stage/site"
done

for i in $all; do
	if [ "$i" = 0 ]; then
		on "$i" "cd $remote/$i && "@START@"$i" </dev/null &
		coordinator=$!
	else
		on "$i" "cd $remote/$i && "@START@"$i" </dev/null >"$out/site-$i.log" 2>&1 &
	fi
done

# The coordinator tells the others when it is over.
trap 'on 0 "kill -TERM \$(cat $remote/0/pid)" </dev/null || true' INT TERM
code=0
while :; do
	wait "$coordinator" && code=0 || code=$?
	kill -0 "$coordinator" 2>/dev/null || break
done
trap '' INT TERM
wait || true

fetched=yes
if on 0 "[ -d $remote/0/result ]" </dev/null; then
	on 0 "tar -C $remote/0 -cf - result" </dev/null | tar -C "$out" -xf - || fetched=
fi
for i in $all; do # what sites that could not hand it over know of a run
	on "$i" "cd $remote/$i && if ls ./*.part >/dev/null 2>&1; then tar -cf - ./*.part; fi" </dev/null >"$stage/parts" || fetched=
	if [ -s "$stage/parts" ]; then
		tar -C "$out" -xf "$stage/parts" || fetched=
	fi
done
if [ -n "$fetched" ]; then
	for i in $all; do
		on "$i" "rm -rf $remote/$i && { rmdir $remote 2>/dev/null || true; }" </dev/null || true
	done
	echo "fetched into $out" >&2
else
	echo "not everything could be fetched; it is in $remote of each machine" >&2
fi
exit "$code"
`
