#!/bin/sh
# A server of PostgreSQL for an experiment that describes its system, such as described.yaml: the primary, or a standby of it. A commit is
# answered when one standby has it.
#
#	postgres-node.sh FOLDER ADDRESS PRIMARY DURABILITY
#
# FOLDER is for its data, ADDRESS is where it listens, PRIMARY the address of the primary, DURABILITY memory or fsync. Needs what
# apt-get install postgresql installs.
set -eu
data=$1/data address=$2 primary=$3 durability=$4
for folder in /usr/lib/postgresql/*/bin; do PATH=$folder:$PATH; done

# PostgreSQL refuses to run as root, which programs in an emulated network take themselves for: it gets another name for the same user.
if [ "$(id -u)" = 0 ]; then
	for name in nobody postgres; do id "$name" >/dev/null 2>&1 && user=$name; done
	exec unshare --user --map-user="$(id -u "$user")" --map-group="$(id -g "$user")" --ipc -- "$0" "$@"
fi

if [ ! -e "$data" ]; then # the first start
	rm -rf "$data.new"
	if [ "$address" = "$primary" ]; then
		initdb --pgdata="$data.new" --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync --no-instructions >/dev/null
		printf 'host all all samenet trust\nhost replication all samenet trust\n' >>"$data.new/pg_hba.conf"
	else
		until pg_basebackup --pgdata="$data.new" --host="$primary" --username=postgres --write-recovery-conf --checkpoint=fast --no-sync; do sleep 0.5; done
	fi
	mv "$data.new" "$data"
fi

fsync=on
[ "$durability" = fsync ] || fsync=off
exec postgres -D "$data" -c listen_addresses="$address" -c unix_socket_directories= -c synchronous_standby_names='ANY 1 (*)' -c fsync="$fsync" \
	-c max_connections=1000 -c dynamic_shared_memory_type=mmap
