package zab

// Options are the driver's options.
type Options struct {
	Reads string `option:"reads" accepts:"log,sync,local" tries:"log,sync,local" sequential:"local" help:"reads are transactions of the history (log); or the client's own replica answers them from its state: when a no-op proposed after the read has arrived is applied there (sync); or at once, and then they may miss what others have written (local)"`
}

// The values of the option reads; see rules 14 to 16.
const (
	readsLog   = "log"
	readsSync  = "sync"
	readsLocal = "local"
)
