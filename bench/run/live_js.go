package run

import (
	"context"
	"errors"
)

// live refuses a live run: a browser has no sockets, files or threads for it. What live runs need is not built for
// GOOS=js, and .ci/imports checks that the playground links none of it.
func (r *running) live(context.Context) error {
	return errors.New("found world live, which needs UDP sockets and files; accepted in a browser: world sim")
}
