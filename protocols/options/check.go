package options

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
)

// tags are the keys that a field's tag may have; see the package comment.
var tags = []string{"option", "help", "range", "accepts", "unit", "zero", "default", "tries", "stream", "trustsclocks", "sequential"}

var tagKey = regexp.MustCompile(`(\w+):"(?:[^"\\]|\\.)*"`)

// Check reports errors of the driver's author in a struct of options that holds the defaults for n replicas: a tag
// that nobody reads, a string that accepts any word, a default or a value to try that is not accepted. Nil
// has no errors. It changes the struct.
func Check(pointer any, n int) error {
	var errs []error
	for _, f := range Fields(pointer) {
		if err := f.check(n); err != nil {
			errs = append(errs, fmt.Errorf("option %s: %w", f.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (f Field) check(n int) error {
	for _, key := range tagKey.FindAllStringSubmatch(string(f.tag), -1) {
		if !slices.Contains(tags, key[1]) {
			return fmt.Errorf("found the tag %s; accepted: %q", key[1], tags)
		}
	}
	if !f.value.CanSet() {
		return errors.New("its field is not exported")
	}
	_, own := f.value.Addr().Interface().(encoding.TextUnmarshaler)
	switch {
	case f.tag.Get("help") == "":
		return errors.New("it has no tag help")
	case f.tag.Get("stream") != "" && f.Stream() == 0:
		return fmt.Errorf("found stream %q; accepted: a number from 1", f.tag.Get("stream"))
	case f.value.Kind() == reflect.String && !own && f.tag.Get("accepts") == "":
		return errors.New(`a string needs its words, as in accepts:"log,lease"`)
	case !f.IsAccepted(n):
		return fmt.Errorf("its default %s is not accepted with %d replicas; accepted: %s", f.Text(), n, f.Accepted(n))
	}
	for _, try := range f.Tries(n) {
		if !f.Set(try) || !f.IsAccepted(n) {
			return fmt.Errorf("it tries %s, which is not accepted with %d replicas; accepted: %s", try, n, f.Accepted(n))
		}
	}
	return nil
}
