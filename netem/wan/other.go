//go:build !linux

package wan

// Inside returns [ErrUnsupported].
func Inside() (inside bool, code int, err error) { return false, 0, ErrUnsupported }

// IsInside returns false.
func IsInside() bool { return false }

func newPlace(int, *Options) (*place, error) { return nil, ErrUnsupported }

func mountHosts(string) (unmount func() error, err error) { return nil, ErrUnsupported }

func become(string, string, []string) error { return ErrUnsupported }
