//go:build !linux

package wan

// Inside returns [ErrUnsupported].
func Inside() (inside bool, code int, err error) { return false, 0, ErrUnsupported }

func newPlace(int, *Options) (*place, error) { return nil, ErrUnsupported }

func mountHosts(string) (unmount func() error, err error) { return nil, ErrUnsupported }

func become(string, string, []string) error { return ErrUnsupported }
