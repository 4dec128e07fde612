package protocols

import (
	"errors"
	"fmt"
	"slices"

	"quorumbench/protocols/quorum"
)

// FieldError refuses a field of a Config.
type FieldError struct {
	// Field is "members", "replicas", "quorums", "witnesses", or "options" with a full stop and the name of an option behind it.
	Field string
	Err   error // says what was found and what is accepted
}

// Error returns what Err says.
func (e *FieldError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *FieldError) Unwrap() error { return e.Err }

// The fields of a FieldError.
const (
	FieldMembers   = "members"
	FieldReplicas  = "replicas"
	FieldQuorums   = "quorums"
	FieldWitnesses = "witnesses"
)

func optionField(name string) string { return "options." + name }

// Complete fills in what a Config leaves open, and refuses what the driver does not work with. Every Config
// that New and Floor are called with has passed it; ID, Leader, Delays and Seed may be set, or changed, after
// that. Options of nil become the defaults, and Choices become the driver's options; roles without quorums get
// the driver's own. The error is a *FieldError.
func (d *Driver) Complete(c Config) (Config, error) {
	n := c.Size()
	if n < 1 || n > MaxReplicas {
		return c, &FieldError{FieldMembers, fmt.Errorf("%s works with 1 to %d replicas, not %d", d.Name, MaxReplicas, n)}
	}
	if !slices.Equal(c.Members, Members(n)) {
		return c, &FieldError{FieldMembers, fmt.Errorf("found the members %v; accepted: 0 to %d, in that order", c.Members, n-1)}
	}
	if c.Changes() {
		if !d.ChangesMembership {
			return c, &FieldError{FieldReplicas, fmt.Errorf("found a membership that changes, of %s; accepted: a driver that changes its membership, or the same members from the beginning to the end", d.Name)}
		}
		if c.Replicas < n || c.Replicas > MaxReplicas {
			return c, &FieldError{FieldReplicas, fmt.Errorf("found %d replicas, of which %d are members; accepted: up to %d, the members among them", c.Replicas, n, MaxReplicas)}
		}
	}
	if err := d.completeOptions(&c); err != nil {
		return c, err
	}
	if d.Validate != nil {
		if err := d.Validate(c); err != nil {
			return c, err
		}
	}
	if err := d.completeQuorums(&c); err != nil {
		return c, err
	}
	return c, d.checkWitnesses(c)
}

// checkWitnesses refuses witnesses of a driver that has none, in a membership that changes, or so many that they are a quorum
// by themselves: what that decides, nobody would have.
func (d *Driver) checkWitnesses(c Config) error {
	refuse := func(format string, args ...any) error {
		return &FieldError{FieldWitnesses, fmt.Errorf(format, args...)}
	}
	switch {
	case c.Witnesses == 0:
		return nil
	case d.Witnesses == "":
		return refuse("found witnesses for %s; accepted: none, or a protocol that can do without a replica's copy of the data", d.Name)
	case c.Witnesses.Without(c.All()) != 0:
		return refuse("found the witnesses %v; accepted: some of the members %v", c.Witnesses, c.All())
	case c.Changes():
		return refuse("found witnesses in a membership that changes; accepted: witnesses, or changes of the membership")
	case c.Quorums[d.Witnesses].IsQuorum(c.Witnesses):
		return &FieldError{FieldWitnesses, &AloneError{Witnesses: c.Witnesses, Role: d.Witnesses, System: c.Quorums[d.Witnesses]}}
	}
	return nil
}

// AloneError refuses witnesses who are a quorum by themselves: what that decides, nobody would have.
type AloneError struct {
	Witnesses quorum.Set
	Role      quorum.Role
	System    quorum.System
}

// Error is Text with the replicas' numbers.
func (e *AloneError) Error() string { return e.Text(nil) }

// Text tells which witnesses, and of which quorums.
func (e *AloneError) Text(name quorum.Namer) string {
	return fmt.Sprintf("found the witnesses %s, who are a quorum for %s by themselves, of %s, so that nobody would have what they decide; accepted: fewer witnesses, or quorums with at least one other replica",
		e.Witnesses.Text(name), e.Role, e.System.Text(name))
}

// MustComplete is Complete for a Config that has passed it before, or stands in a test. It panics if the
// Config is refused.
func (d *Driver) MustComplete(c Config) Config {
	complete, err := d.Complete(c)
	if err != nil {
		panic(fmt.Sprintf("protocols: %v", err))
	}
	return complete
}

// CheckReplicas tells whether the driver works with n replicas, and options as by default. The error says
// what would do.
func (d *Driver) CheckReplicas(n int) error {
	_, err := d.Complete(Config{Members: Members(n)})
	return err
}

func (d *Driver) completeOptions(c *Config) (err error) {
	switch chosen := c.Options.(type) {
	case nil:
		c.Options, err = d.Choose(c.Size(), nil)
	case Choices:
		c.Options, err = d.Choose(c.Size(), chosen)
	default:
		err = d.checkOptions(c.Options, c.Size())
	}
	return err
}

// completeQuorums fills in the driver's quorums where the Config has none, and holds all against what they
// must be: of the members alone, such that the members together are a quorum, and meeting each other.
func (d *Driver) completeQuorums(c *Config) error {
	roles := quorum.Roles{}
	if d.Quorums != nil {
		roles = d.Quorums(*c)
	}
	if len(d.Meeting) == 0 && !sameRoles(c.Quorums, roles) {
		return &FieldError{FieldQuorums, fmt.Errorf("found quorums for %s, whose quorums follow from its rules; accepted: none", d.Name)}
	}
	for _, role := range c.Quorums.Names() {
		if roles[role] == nil {
			return &FieldError{FieldQuorums, fmt.Errorf("found quorums for %s; accepted for %s: %v", role, d.Name, roles.Names())}
		}
		roles[role] = c.Quorums[role]
	}
	for _, role := range roles.Names() {
		if s := roles[role]; s.Members().Without(c.All()) != 0 || !s.IsQuorum(c.All()) {
			return &FieldError{d.fieldOf(*c, role), fmt.Errorf("found quorums for %s %v; accepted: of the members %v, who together must be one", role, s, c.All())}
		}
	}
	c.Quorums = roles
	err := roles.Check(d.Meeting...)
	if err == nil {
		return nil
	}
	field := FieldQuorums
	var apart *quorum.ApartError
	if errors.As(err, &apart) {
		field = d.fieldOf(*c, apart.Roles...)
	}
	return &FieldError{field, err}
}

// sameRoles tells whether quorums are those of a driver, by their texts. A Config that is complete has them.
func sameRoles(given, own quorum.Roles) bool {
	for role, system := range given {
		if own[role] == nil || own[role].String() != system.String() {
			return false
		}
	}
	return true
}

// fieldOf returns the field that the quorums of some roles come from: the first option of a role's name
// whose value is not the default, or else the quorums.
func (d *Driver) fieldOf(c Config, roles ...quorum.Role) string {
	chosen := d.Chosen(c.Size(), Texts(c.Options))
	for _, role := range roles {
		if _, made := chosen[string(role)]; made {
			return optionField(string(role))
		}
	}
	return FieldQuorums
}
