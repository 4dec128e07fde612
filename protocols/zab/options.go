package zab

// Options are the driver's options.
type Options struct {
	Reads string `option:"reads" accepts:"log,sync" tries:"log,sync" help:"reads are transactions of the history (log); or the client's own replica answers them from its state, when a no-op proposed after the read has arrived is applied there (sync)"`
}

// The values of the option reads; see rules 14 and 15.
const (
	readsLog  = "log"
	readsSync = "sync"
)
