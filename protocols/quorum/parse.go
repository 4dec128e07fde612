package quorum

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SyntaxError refuses an expression.
type SyntaxError struct {
	Column int // in characters, from 1, where what was found begins
	Text   string
	Name   string // that no replica has, or no form if Form is set, if that is why
	Form   bool   // Name stands before a bracket
}

// Error says what was found and what is accepted.
func (e *SyntaxError) Error() string { return e.Text }

// The bounds of an expression.
const (
	mostText  = 8 << 10 // bytes
	mostDepth = 16      // systems in one another
	setsDepth = 3       // systems in one another that a form of sets makes: grid({a,b}) is all(any(2 of (a,b)),…)
)

// Parse reads a quorum system from an expression. These are the forms, where x stands for a replica's name or for
// another expression, and s for a set of names, as in {a, b, c}:
//
//	majority(x, x, …)    more than half of these; hierarchical, if they are expressions
//	majority(x=2, x, …)  those that together weigh more than half of what all weigh
//	3 of (x, x, …)       three of these, or, with weights, those that together weigh at least 3
//	all(x, x, …)         all of these
//	any(x, x, …)         any of these
//	joint(s, s, …)       a majority of each set
//	grid(s, s, …)        all of one row and one of each row, the sets being the rows
//	rows(s, s, …)        all of one row
//	columns(s, s, …)     one of each row
//
// A name that holds spaces, brackets or one of , = " { } stands in quotes. The replicas are known by find, which returns a replica
// and whether there is one of the name. The error is a *SyntaxError. What a System's Text returns reads as that
// system, unless it is longer than what is accepted: the text of a grid writes each row twice.
func Parse(text string, find func(name string) (replica int32, known bool)) (System, error) {
	p := &parser{text: text, find: find}
	if len(text) > mostText {
		return nil, p.errorf(0, "found an expression of %d bytes; accepted: up to %d", len(text), mostText)
	}
	if !utf8.ValidString(text) {
		return nil, p.errorf(0, "found bytes that are no UTF-8; accepted: an expression such as majority(a,b,c)")
	}
	system, err := p.system(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(text) {
		return nil, p.errorf(p.at, "found %s behind the expression; accepted: nothing", p.found())
	}
	return system, nil
}

// parser reads an expression from the front.
type parser struct {
	text string
	at   int // byte
	find func(name string) (int32, bool)
}

func (p *parser) errorf(at int, format string, args ...any) error {
	return &SyntaxError{Column: utf8.RuneCountInString(p.text[:at]) + 1, Text: fmt.Sprintf(format, args...)}
}

func (p *parser) space() {
	p.at += len(p.text[p.at:]) - len(strings.TrimLeftFunc(p.text[p.at:], unicode.IsSpace))
}

// special are the characters that end a name.
const special = `(){},="`

// isSpecial tells whether a character cannot stand in a name without quotes.
func isSpecial(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(special, r) }

// found names what stands at the place that is read next.
func (p *parser) found() string {
	if p.at == len(p.text) {
		return "the end"
	}
	if word := p.peek(); word != "" {
		return strconv.Quote(word)
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.at:])
	return strconv.Quote(string(r))
}

// peek is the word that stands at the place that is read next, empty for none.
func (p *parser) peek() string {
	if end := strings.IndexFunc(p.text[p.at:], isSpecial); end >= 0 {
		return p.text[p.at : p.at+end]
	}
	return p.text[p.at:]
}

// take reads a sign, if it stands there.
func (p *parser) take(sign byte) bool {
	p.space()
	if p.at == len(p.text) || p.text[p.at] != sign {
		return false
	}
	p.at++
	return true
}

// forms says what is accepted where a system stands.
const forms = "a replica's name, or majority(…), 2 of (…), all(…), any(…), joint({…},{…}), grid({…},{…}), rows({…},{…}), columns({…},{…})"

// Forms are the names of the forms that have one.
var Forms = []string{"majority", "all", "any", "joint", "grid", "rows", "columns"}

// system reads a system that stands in so many others.
func (p *parser) system(depth int) (System, error) {
	p.space()
	if depth > mostDepth {
		return nil, p.errorf(p.at, "found systems %d deep in one another; accepted: up to %d", depth, mostDepth)
	}
	begin := p.at
	word := p.peek()
	if p.at += len(word); word != "" {
		switch p.space(); {
		case p.next("("):
			return p.call(word, begin, depth)
		case p.peek() == "of" && isCount(word):
			after := p.at
			p.at += len("of")
			if p.take('(') {
				return p.counted(word, begin, depth)
			}
			p.at = after
			return nil, p.errorf(begin, "found %q and no bracket behind it; accepted: %s of (a,b,…)", word+" of", word)
		}
		p.at = begin
	}
	return p.replica()
}

func isCount(word string) bool { return strings.Trim(word, "0123456789") == "" }

// next tells whether a sign stands at the place that is read next.
func (p *parser) next(sign string) bool { return strings.HasPrefix(p.text[p.at:], sign) }

// counted reads "3 of (…)" behind its bracket.
func (p *parser) counted(count string, begin, depth int) (System, error) {
	parts, err := p.parts(depth, true)
	if err != nil {
		return nil, err
	}
	need, err := strconv.Atoi(count)
	if most := weigh(parts); err != nil || need < 1 || need > most {
		return nil, p.errorf(begin, "found %s; accepted: 1 to %d, which is all that stands in the brackets", count, most)
	}
	return AtLeast(need, parts...), nil
}

// call reads a form with a name, from its bracket on.
func (p *parser) call(name string, begin, depth int) (System, error) {
	p.take('(')
	switch name {
	case "majority", "all", "any":
		parts, err := p.parts(depth, name == "majority")
		if err != nil {
			return nil, err
		}
		if name == "majority" {
			return MajorityOf(parts...), nil
		}
		var systems []System
		for _, part := range parts {
			if part.Weight != 1 {
				return nil, p.errorf(begin, "found weights in %s(…); accepted: weights in majority(…) and in 2 of (…)", name)
			}
			systems = append(systems, part.System)
		}
		if name == "all" {
			return All(systems...), nil
		}
		return Any(systems...), nil
	case "joint", "grid", "rows", "columns":
		if depth+setsDepth > mostDepth {
			return nil, p.errorf(begin, "found %s(…) with systems %d deep in one another, of which it makes %d; accepted: up to %d", name, depth+setsDepth, setsDepth, mostDepth)
		}
		sets, err := p.sets(name)
		if err != nil {
			return nil, err
		}
		return map[string]func(...Set) System{"joint": Joint, "grid": Grid, "rows": Rows, "columns": Columns}[name](sets...), nil
	}
	return nil, &SyntaxError{
		Column: utf8.RuneCountInString(p.text[:begin]) + 1, Name: name, Form: true,
		Text: fmt.Sprintf("found %q before a bracket; accepted: %s", name, forms),
	}
}

// parts reads parts with their weights, up to the closing bracket. If they are counted, a replica twice is refused.
func (p *parser) parts(depth int, counted bool) ([]Part, error) {
	var parts []Part
	alone := Set(0)
	for {
		p.space()
		begin := p.at
		system, err := p.system(depth + 1)
		if err != nil {
			return nil, err
		}
		if one, is := system.(sized); is && counted && one.members.Size() == 1 {
			if alone&one.members != 0 {
				return nil, p.errorf(begin, "found %s a second time; accepted: each replica once within the same brackets", p.text[begin:p.at])
			}
			alone |= one.members
		}
		part := Part{system, 1}
		if p.take('=') {
			if part.Weight, err = p.weight(); err != nil {
				return nil, err
			}
		}
		parts = append(parts, part)
		if sum := weigh(parts); sum > mostWeight {
			return nil, p.errorf(begin, "found weights of %d together; accepted: up to %d", sum, mostWeight)
		}
		switch {
		case p.take(','):
		case p.take(')'):
			return parts, nil
		default:
			return nil, p.errorf(p.at, `found %s; accepted: "," or ")"`, p.found())
		}
	}
}

func (p *parser) weight() (int, error) {
	p.space()
	word := p.peek()
	weight, err := strconv.Atoi(word)
	if err != nil || !isCount(word) || weight < 1 || weight > mostWeight {
		return 0, p.errorf(p.at, "found the weight %s; accepted: 1 to %d", p.found(), mostWeight)
	}
	p.at += len(word)
	return weight, nil
}

// sets reads sets of replicas, up to the closing bracket of the form of that name.
func (p *parser) sets(form string) ([]Set, error) {
	var sets []Set
	for {
		if !p.take('{') {
			return nil, p.errorf(p.at, `found %s; accepted: "{" and a set of replicas, as in %s({a,b},{c,d})`, p.found(), form)
		}
		set, err := p.set()
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
		switch {
		case p.take(','):
		case p.take(')'):
			return sets, nil
		default:
			return nil, p.errorf(p.at, `found %s; accepted: "," and a further set, or ")"`, p.found())
		}
	}
}

// set reads the replicas of a set, up to its closing bracket.
func (p *parser) set() (Set, error) {
	set := Set(0)
	for {
		p.space()
		begin := p.at
		replica, err := p.replica()
		if err != nil {
			return 0, err
		}
		if set&replica.Members() != 0 {
			return 0, p.errorf(begin, "found %s a second time; accepted: each replica once in a set", p.text[begin:p.at])
		}
		set |= replica.Members()
		switch {
		case p.take(','):
		case p.take('}'):
			return set, nil
		default:
			return 0, p.errorf(p.at, `found %s; accepted: "," or "}"`, p.found())
		}
	}
}

// replica reads the name of a replica.
func (p *parser) replica() (System, error) {
	begin := p.at
	name := p.peek()
	switch p.at += len(name); {
	case p.take('"') && name == "":
		end := strings.IndexByte(p.text[p.at:], '"')
		if end < 0 {
			return nil, p.errorf(begin, "found a quotation mark and none that closes it; accepted: %s", forms)
		}
		name = p.text[p.at : p.at+end]
		p.at += end + 1
	case name == "":
		return nil, p.errorf(begin, "found %s; accepted: %s", p.found(), forms)
	}
	id, known := p.find(name)
	if !known {
		return nil, &SyntaxError{
			Column: utf8.RuneCountInString(p.text[:begin]) + 1, Name: name,
			Text: fmt.Sprintf("found %q, which is no replica; accepted: %s", name, forms),
		}
	}
	return One(id), nil
}

// quoted names replicas as they stand in an expression.
func quoted(name Namer) Namer {
	if name == nil {
		return nil
	}
	return func(replica int32) string {
		text := name(replica)
		if strings.ContainsFunc(text, isSpecial) {
			return `"` + text + `"`
		}
		return text
	}
}
